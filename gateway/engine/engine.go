package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	startTimeout   = 60 * time.Second        // recovery of a million records takes about 4 s
	requestTimeout = 2 * time.Second         // of what has no bound of its own
	dialTimeout    = 1500 * time.Millisecond // whoever waits for an answer waits for a dial, too
	pingInterval   = time.Second
	pingsMissing   = 2 // a link that died without a word is noticed after three intervals

	// So does an engine notice that a gateway or a node has vanished: after half a
	// minute.
	pingClients = 10 * time.Second
	clientPings = 2

	awaitEvery = 100 * time.Millisecond
)

// Engine is a connection to JetStream, and the server itself when embedded.
type Engine struct {
	host     *host // nil when external
	conn     *nats.Conn
	js       jetstream.JetStream
	bounds   Bounds
	link     *link
	replicas int          // as configured, 0 where it is not
	nodes    atomic.Int64 // that a new stream is spread over at most
	streams  registry
	marks    marks
	room     *room // nil when external
	differs  differs
	patience *patience
	closing  atomic.Bool
	log      *slog.Logger
	reg      prometheus.Registerer
}

// Open starts the embedded server or connects to an external one. An external
// engine that is not there yet is waited for until ctx ends.
func Open(ctx context.Context, c Config) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	e := &Engine{bounds: cmp.Or(c.Bounds, DefaultBounds()), replicas: c.Replicas, differs: differs{tell: c.Differs}, log: c.Logger, reg: c.Registry}
	e.nodes.Store(MaxReplicas)
	e.marks.streams = &e.streams
	e.patience = newPatience(c.Logger, cmp.Or(hosts(c.URL), "embedded"))
	if c.URL == "" {
		h, err := soon(ctx, func() (*host, error) { return openHost(c) }, (*host).close)
		if err != nil {
			return nil, err
		}
		e.host, e.room = h, &room{dir: c.Dir}
	}
	if err := e.connect(ctx, c); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) connect(ctx context.Context, c Config) error {
	opts := []nats.Option{
		nats.Name("imgfleet-gateway"), nats.IgnoreAuthErrorAbort(), // its operator may be changing the token
		nats.ErrorHandler(e.trouble), nats.ReconnectErrHandler(e.unreached), nats.DisconnectErrHandler(func(*nats.Conn, error) { e.patience.begin() }),
		nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectBufSize(-1), nats.Timeout(dialTimeout), nats.DrainTimeout(requestTimeout),
		nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(pingsMissing), nats.ReconnectJitter(50*time.Millisecond, 100*time.Millisecond),
	}
	proof, err := c.proof()
	if err != nil {
		return err
	}
	opts = append(opts, proof...)
	addr := c.URL
	if e.host != nil {
		opts = append(opts, nats.InProcessServer(e.host))
		addr = nats.DefaultURL
	}
	conn, err := await(ctx, e.patience, func() (*nats.Conn, error) { return nats.Connect(addr, opts...) }, (*nats.Conn).Close)
	if err != nil {
		return err
	}
	e.conn = conn
	js, err := jetstream.New(e.conn, jetstream.WithDefaultTimeout(requestTimeout), jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		return fmt.Errorf("jetstream: %w", err)
	}
	e.link = newLink(e.conn, e.said)
	e.js = &boundJetStream{js, bounded{e.bounds, e.link}, e.room, &e.marks}
	_, err = await(ctx, e.patience, func() (*jetstream.AccountInfo, error) { return e.js.AccountInfo(ctx) }, func(*jetstream.AccountInfo) {})
	return err
}

// JetStream is for gateway/queue, which builds its own streams. Nobody else may
// use it; the linter holds that.
func (e *Engine) JetStream() jetstream.JetStream { return e.js }

// Conn is the core connection, for the live subscriptions and control messages
// of gateway/queue. Nobody else may use it; the linter holds that.
func (e *Engine) Conn() *nats.Conn { return e.conn }

// Ready reports whether the engine answers now.
func (e *Engine) Ready(ctx context.Context) error {
	if err := e.connected(); err != nil {
		return err
	}
	_, err := e.js.AccountInfo(ctx)
	return Classify(err)
}

// ClientURL is where further gateways reach the embedded server, "" when it
// does not listen.
func (e *Engine) ClientURL() string {
	if e.host == nil {
		return ""
	}
	if s := e.host.now(); s != nil {
		return s.ClientURL()
	}
	return ""
}

// Close ends the connection and the embedded server. It may be called twice.
func (e *Engine) Close() {
	e.closing.Store(true)
	if e.conn != nil {
		e.conn.Close()
	}
	if e.host != nil {
		e.host.close()
	}
}

// Classify gives engine errors their fault kind; nil stays nil.
func Classify(err error) error {
	var known *fault.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case lostRace(err):
		return fault.Wrap(fault.RevisionConflict, err)
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return fault.Wrap(fault.NothingHere, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fault.Wrap(fault.EngineTimeout, err)
	case errors.Is(err, context.Canceled):
		return fault.Wrap(fault.RequestCanceled, err)
	default:
		return fault.Wrap(fault.EngineUnavailable, err)
	}
}
