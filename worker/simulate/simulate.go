package simulate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// Double plays a vendor's protocol.
type Double interface {
	Rooted() http.Handler
	Set(k double.Knobs)
	Books() double.Books
	Asked() []double.Submission
}

// Maker makes the double of one kind of vendor, which takes v's key.
type Maker func(k double.Knobs, v Vendor) Double

// Simulation is all vendors that are played.
type Simulation struct {
	config  Config
	doubles map[string]Double // by name
	logger  *slog.Logger
}

// New makes the doubles; makers are those of this build, by kind.
func New(c Config, makers map[string]Maker, logger *slog.Logger) (*Simulation, error) {
	s := &Simulation{config: c, doubles: map[string]Double{}, logger: logger}
	errs := []error{c.Validate()}
	for i, v := range c.Vendors {
		maker, ok := makers[v.Kind]
		if !ok {
			errs = append(errs, fmt.Errorf("simulate.vendors[%d].kind: %q has no double in this build", i, v.Kind))
			continue
		}
		if k, err := double.ParseKnobs(v.Knobs, behaviour()); err == nil { // else Validate has said so
			s.doubles[v.Name] = maker(k, v)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// Run plays until ctx ends. A call that is under way then is cut off, as it is
// when a vendor goes away. The books are served last, so that whoever sees
// them finds all vendors there.
func (s *Simulation) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var serving sync.WaitGroup
	defer serving.Wait()
	serve := func(address string, h http.Handler) error {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
		return nil
	}
	for i, v := range s.config.Vendors {
		if err := serve(v.Listen, s.doubles[v.Name].Rooted()); err != nil {
			cancel(nil)
			return fmt.Errorf("simulate.vendors[%d].listen: %w", i, err)
		}
		s.logger.Info("vendor is simulated", "vendor", v.Name, "kind", v.Kind, "address", v.Listen, "knobs", v.Knobs)
	}
	if err := serve(s.config.Listen, s.desk()); err != nil {
		cancel(nil)
		return fmt.Errorf("simulate.listen: %w", err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
