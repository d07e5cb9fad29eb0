package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/imgfleet/imgfleet/pkg/production"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/worker/simulate"
)

// simulation is the part of the configuration file that a worker reads when it
// plays vendors instead of working. Nothing of it reaches one that works.
type simulation struct {
	// How strict the program is. Vendors are played in dev only.
	Environment string `config:"environment" range:"dev|prod"`
	// The vendors that worker -simulate plays. imgctl dev --simulate writes this section by itself.
	Simulate simulate.Config `config:"simulate"`
	// The program's own log, on standard error.
	Log telemetry.LogConfig `config:"log"`
}

func simulationDefaults() *simulation {
	d := defaults()
	return &simulation{Simulate: simulate.Config{Listen: "127.0.0.1:8090"}, Log: d.Log}
}

// Validate names everything that is wrong, as the operator wrote it.
func (s *simulation) Validate() error {
	var wrong error
	if s.Environment != "" && s.Environment != production.Dev {
		wrong = errors.New("environment: vendors are simulated in dev only")
	}
	_, err := simulate.New(s.Simulate, doubles(), slog.New(slog.DiscardHandler))
	return errors.Join(wrong, err)
}

// play is serve for a worker that plays vendors.
func (s *simulation) play(ctx context.Context, logger *slog.Logger) error {
	played, err := simulate.New(s.Simulate, doubles(), logger)
	if err != nil {
		return err
	}
	return played.Run(ctx)
}

// doubles are those of this build, by kind.
func doubles() map[string]simulate.Maker {
	out := map[string]simulate.Maker{}
	for kind, v := range vendors() {
		if v.double != nil {
			out[kind] = v.double
		}
	}
	return out
}
