package workerrpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/grpc"
	"github.com/cloudwego/kitex/server"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/idl/gen/workerpb/worker"
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/peer"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// ServerConfig says where and how a server of this package listens.
type ServerConfig struct {
	Listen     string        // host:port; port 0 picks a free one
	Token      secret.Value  // what callers must send; empty only together with TLS or on loopback
	TokenFrom  secret.Source // instead of Token, when it lies in a file
	TLS        *tls.Config   // mTLS; required beyond loopback
	Drain      time.Duration // how long Close waits for running calls; default 10 s
	MaxMessage int           // bytes of one message; default 1 MiB
	Logger     *slog.Logger
}

// Validate refuses a listener that strangers could reach without proving who
// they are.
func (c ServerConfig) Validate() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", c.Listen, err)
	}
	if c.TLS == nil && !Loopback(host) {
		return fmt.Errorf("listen address %q: not loopback, so tls.cert, tls.key and tls.clientCA are required", c.Listen)
	}
	if c.TLS != nil && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert {
		return errors.New("tls: client certificates must be required and verified")
	}
	return nil
}

// Loopback reports whether only this machine reaches host.
func Loopback(host string) bool { return check.Loopback(host) }

// Server is a running listener.
type Server struct {
	kite server.Server
	addr net.Addr
	done chan error
	exit chan error
	once sync.Once
	err  error
}

// Serve listens and serves a worker at once; Close, or Run's context, ends
// it.
func Serve(ctx context.Context, cfg ServerConfig, w Worker) (*Server, error) {
	return serve(ctx, cfg, func(s server.Server, maxMessage int) error {
		return worker.RegisterService(s, &workerHandler{worker: w, maxMessage: maxMessage})
	})
}

func serve(ctx context.Context, cfg ServerConfig, register func(server.Server, int) error) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	ln, err := peer.Listen(ctx, cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{addr: ln.Addr(), done: make(chan error, 1), exit: make(chan error)}
	if cfg.TLS != nil {
		ln = tls.NewListener(ln, cfg.TLS)
	}
	cfg.MaxMessage = int(positive(time.Duration(cfg.MaxMessage), defaultMaxMessage))
	s.kite = server.NewServer(s.options(cfg, ln)...)
	if err := register(s.kite, cfg.MaxMessage); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	go func() { s.done <- s.kite.Run() }()
	return s, nil
}

func (s *Server) options(cfg ServerConfig, ln net.Listener) []server.Option {
	return []server.Option{
		server.WithListener(ln),
		server.WithTransServerFactory(transServerFactory{most: wireShare * cfg.MaxMessage, logger: cfg.Logger}),
		server.WithTransHandlerFactory(nphttp2.NewSvrTransHandlerFactory()),
		server.WithMetaHandler(newGate(source(cfg.Token, cfg.TokenFrom), cfg.Logger).handler()),
		server.WithExitWaitTime(positive(cfg.Drain, 10*time.Second)),
		// Signals belong to main.
		server.WithExitSignal(func() <-chan error { return s.exit }),
		server.WithCompatibleMiddlewareForUnary(),
		server.WithGRPCKeepaliveParams(grpc.ServerKeepalive{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		server.WithGRPCKeepaliveEnforcementPolicy(grpc.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		server.WithGRPCMaxHeaderListSize(maxHeaders),
		server.WithGRPCInitialWindowSize(1 << 20),
		server.WithGRPCInitialConnWindowSize(1 << 20),
	}
}

// maxHeaders bounds the headers of a call, in bytes.
const maxHeaders = 64 << 10

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.addr }

// Run blocks until ctx ends, and drains, or until the server fails.
func (s *Server) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return s.Close()
	case err := <-s.done:
		s.done <- err
		return errors.Join(err, s.Close())
	}
}

// Close takes no new calls, waits for the running ones within Drain, and
// closes. It may be called more than once.
func (s *Server) Close() error {
	s.once.Do(func() {
		close(s.exit)
		s.err = <-s.done
	})
	return s.err
}

// workerHandler puts a Worker behind the generated interface.
type workerHandler struct {
	worker     Worker
	maxMessage int
}

// Generate implements the generated interface.
func (h *workerHandler) Generate(ctx context.Context, req *workerpb.GenerateRequest, stream workerpb.Worker_GenerateServer) error {
	if received(ctx) > uint64(h.maxMessage) {
		return faultToWire(fault.New(fault.MessageTooLarge))
	}
	err := h.worker.Generate(ctx, attemptFromWire(req), func(u Update) error {
		return stream.Send(ctx, updateToWire(u))
	})
	if cause := ctx.Err(); cause != nil && (err == nil || errors.Is(err, cause)) {
		err = fromContext(cause)
	}
	return faultToWire(err)
}

// Cancel implements the generated interface.
func (h *workerHandler) Cancel(ctx context.Context, req *workerpb.CancelRequest) (*workerpb.CancelReply, error) {
	return &workerpb.CancelReply{}, faultToWire(h.worker.Cancel(ctx, task.ID(req.GetTask()), int(req.GetNumber())))
}

// Inspect implements the generated interface.
func (h *workerHandler) Inspect(ctx context.Context, req *workerpb.InspectRequest) (*workerpb.InspectReply, error) {
	if received(ctx) > uint64(h.maxMessage) {
		return nil, faultToWire(fault.New(fault.MessageTooLarge))
	}
	got, err := h.worker.Inspect(ctx, inspectFromWire(req))
	return inspectedToWire(got), faultToWire(err)
}
