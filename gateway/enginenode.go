package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// engineNode as the first argument makes this program one node of an external
// engine instead of a gateway, for tests and trials that need three:
//
//	gateway -engine-node -name node1 -listen 127.0.0.1:4001 -cluster 127.0.0.1:5001 \
//	  -routes 127.0.0.1:5001,127.0.0.1:5002,127.0.0.1:5003 -dir data/node1 -token env:ENGINE_TOKEN
//
// It is left out of -h: in production operators run NATS.
const engineNode = "-engine-node"

// nodeSettings are what the flags of a node give.
type nodeSettings struct {
	engine.NodeConfig

	token secret.Ref
	log   telemetry.LogConfig
}

// Validate says everything that is wrong.
func (s *nodeSettings) Validate() error {
	if s.token.Empty() || s.token.Literal() {
		return errors.New("-token: must be env:NAME or file:PATH, everybody on this machine can read a command line")
	}
	c := s.NodeConfig
	c.Token = secret.Sealed(s.token)
	return c.Validate()
}

// runNode is run for an engine node.
func runNode(ctx context.Context, p program.Process) int {
	s := &nodeSettings{log: telemetry.LogDefaults()}
	s.Interval = engine.Defaults().Interval
	flags := flag.NewFlagSet("engine-node", flag.ContinueOnError)
	flags.StringVar(&s.Name, "name", "", "`name` of this node, another one for each")
	flags.StringVar(&s.Listen, "listen", "", "`address` for gateways")
	flags.StringVar(&s.Cluster, "cluster", "", "`address` for the other nodes")
	flags.Func("routes", "`addresses` of all nodes for each other, separated by commas", func(list string) error {
		s.Routes = strings.Split(list, ",")
		return nil
	})
	flags.StringVar(&s.Dir, "dir", "", "`directory` of its data")
	flags.TextVar(&s.token, "token", secret.Ref{}, "`reference` to the secret of gateways and nodes: env:NAME or file:PATH")
	flags.Func("sync", "`how often` written messages reach the disk: always, or a duration", func(text string) error {
		var sync config.Sync
		err := sync.UnmarshalText([]byte(text))
		s.Always, s.Interval = sync.Always, sync.Interval
		return err
	})
	flags.StringVar(&s.TLS.Cert, "tls-cert", "", "`file` of its certificate")
	flags.StringVar(&s.TLS.Key, "tls-key", "", "`file` of its key")
	flags.StringVar(&s.TLS.CA, "tls-ca", "", "`file` of the authority that signed the nodes' certificates")
	flags.StringVar(&s.log.Level, "log-level", s.log.Level, "least `level` of what it logs")
	flags.StringVar(&s.log.Format, "log-format", s.log.Format, "`format` of its log: auto, json or pretty")
	getenv := p.Getenv
	p.Environ = nil // its settings are flags alone
	about := program.About{Version: version, Does: "engine-node is one node of the engine that gateways share, for tests and trials."}
	return program.Run(ctx, p, flags, about, func() program.Job {
		return program.Job{Config: s, Work: func(ctx context.Context) error {
			return s.serve(ctx, secret.Resolver{Getenv: getenv}, s.log.Logger(p.Stderr, flags.Name()))
		}}
	})
}

func (s *nodeSettings) serve(ctx context.Context, secrets secret.Resolver, log *slog.Logger) (err error) {
	c := s.NodeConfig
	if c.Token, err = secrets.Resolve(ctx, s.token); err != nil {
		return err
	}
	limitMemory(log)
	return engine.RunNode(ctx, c, log)
}
