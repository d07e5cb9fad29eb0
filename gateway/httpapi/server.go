package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/network/standard"
	"github.com/cloudwego/hertz/pkg/protocol"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const maxHeaderBytes = 16 << 10

// Server is the public listener.
type Server struct {
	config    Config
	deps      Deps
	log       *slog.Logger
	now       func() time.Time
	proxies   []netip.Prefix
	https     bool // people reach this gateway by https only
	sentences sentences
	met       metrics
	hub       *hub.Hub
	listener  *wire.Listener
	engine    *server.Hertz
	routes    []route
	files     openFiles
	stopping  chan struct{}
	leaving   sync.Once        // closes stopping
	readiness telemetry.Seldom // what was said of it
}

// New binds the listener, so Addr is known and a busy port is an error here.
// Nothing is answered before Run.
func New(c Config, d Deps) (*Server, error) {
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	proxies, err := parseProxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	text, err := loadSentences()
	if err != nil {
		return nil, err
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	if d.Listener == nil {
		if d.Listener, err = Bind(context.Background(), c, d.Logger); err != nil {
			return nil, err
		}
	}
	s := &Server{
		config: c, deps: d, log: d.Logger, now: d.Now, proxies: proxies, https: strings.HasPrefix(c.PublicURL, "https://"), sentences: text,
		files: openFiles{most: int64(c.Files)},
		met:   newMetrics(d.Registry), hub: hub.New(c.Streams, d.Limiter, d.Registry), stopping: make(chan struct{}),
	}
	d.Listener.Watch(d.Registry)
	s.listener = wire.On(d.Listener, c.Wire, s.refusal)
	d.Listener.Shed(s.listener.Shed)
	s.engine = s.newEngine()
	s.routes = s.table()
	s.register()
	return s, nil
}

// newEngine configures the HTTP library. Every default of it that trusts
// clients is replaced; the tests TestTraps… show each.
func (s *Server) newEngine() *server.Hertz {
	muteLibrary(s.log)
	engine := server.New(
		server.WithListener(s.listener),
		server.WithTransport(standard.NewTransporter), // the other transport buffers uploads without a bound
		server.WithOnAccept(func(c net.Conn) context.Context { return wire.With(context.Background(), c) }),
		server.WithStreamBody(true),
		server.WithMaxRequestBodySize(math.MaxInt), // not enforced on streams; body.go and the handlers do
		server.WithDisablePreParseMultipartForm(true),
		server.WithMaxHeaderBytes(maxHeaderBytes),
		server.WithReadTimeout(s.config.Wire.Head),
		server.WithIdleTimeout(s.config.Wire.Idle), // 0 would end each connection after one answer
		server.WithExitWaitTime(s.config.Drain),
		server.WithRedirectTrailingSlash(false),
		server.WithHandleMethodNotAllowed(true),
		server.WithDisablePrintRoute(true),
		config.Option{F: func(o *config.Options) { o.NoDefaultServerHeader = true }},
	)
	// No client gets "100 Continue" before a handler has looked at its request.
	engine.ContinueHandler = func(*protocol.RequestHeader) bool { return false }
	return engine
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Leave lets people go before Run ends. Readiness turns false, so that load
// balancers send people elsewhere; connections end with their next answer; event
// streams move on one after the other. Nothing is refused meanwhile. It blocks
// for the notice, or until ctx ends.
func (s *Server) Leave(ctx context.Context, notice time.Duration) {
	s.leaving.Do(func() { close(s.stopping) })
	s.hub.Leave(ctx, notice)
}

// left reports whether people are asked to go.
func (s *Server) left() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// Run serves until ctx ends, then stops accepting, ends streams at once so
// that clients resume elsewhere, lets other requests finish for at most
// Config.Drain, and cuts what is left.
func (s *Server) Run(ctx context.Context) error {
	var streams sync.WaitGroup
	streamCtx, stopStreams := context.WithCancel(context.WithoutCancel(ctx))
	streams.Go(func() { _ = s.hub.Run(streamCtx) }) // until stopStreams
	served := make(chan struct{})
	var ended error
	go func() {
		defer close(served)
		ended = s.engine.Run()
	}()

	var err error
	select {
	case <-ctx.Done():
		err = context.Cause(ctx)
		s.leaving.Do(func() { close(s.stopping) })
		s.deps.Tus.Drain()
	case <-served:
		err = fmt.Errorf("http server ended: %w", errors.Join(ended, errors.New("the listener is gone")))
	}
	stopStreams()
	streams.Wait()
	s.shutdown()
	<-served
	return err
}

// shutdown waits for requests that run. The library would wait for idle
// connections too, so those are closed first, and again while it waits.
func (s *Server) shutdown() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.engine.Shutdown(context.Background())
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s.listener.CloseIdle()
		select {
		case <-tick.C:
		case <-done:
			s.listener.CloseAll()
			_ = s.listener.Close()
			return
		}
	}
}
