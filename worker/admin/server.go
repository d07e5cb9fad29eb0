package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/peer"
)

// Bounds of a request. Whoever asks is a scraper or a supervisor.
const (
	headTimeout    = 5 * time.Second
	answerTimeout  = 10 * time.Second
	maxHeaderBytes = 8 << 10
	maxConnections = 32
)

// Config says where a worker is observed.
type Config struct {
	// The address of this worker's /metrics, /livez and /readyz. Port 0 picks a free one, so that several workers of a machine have one each; the log names it. Empty is off.
	Listen string `config:"listen" range:"host:port" example:"10.0.0.7:9100"`
}

// Defaults listen on this machine only.
func Defaults() Config { return Config{Listen: "127.0.0.1:0"} }

// Deps are what the listener shows.
type Deps struct {
	Metrics http.Handler
	Ready   func() operator.Readiness
	Logger  *slog.Logger
}

// Server is the listener of one worker.
type Server struct {
	deps     Deps
	listener net.Listener
	names    bool // asked for by any name, also one that is not this machine's own
}

// Listen takes an address, so that a busy port is known before the worker
// registers anywhere.
func Listen(ctx context.Context, address string, d Deps) (*Server, error) {
	l, err := peer.Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return &Server{deps: d, listener: netutil.LimitListener(l, maxConnections), names: check.Beyond(address)}, nil
}

// Addr is the address taken.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	hs := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: headTimeout, ReadTimeout: headTimeout, WriteTimeout: answerTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.deps.Logger.Handler(), slog.LevelDebug),
	}
	hs.SetKeepAlivesEnabled(false) // a silent connection holds no place that a supervisor needs
	stop := context.AfterFunc(ctx, func() { _ = hs.Close() })
	defer stop()
	if err := hs.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve admin: %w", err)
	}
	return nil
}

// Handler serves the three routes. Reading is all that they allow.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.deps.Metrics)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !s.names && !ours(r.Host) {
			http.Error(w, "this listener is asked for by address, or as localhost", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ours reports whether a Host header names this machine: a page that was
// rebound to loopback comes with a name of its own.
func ours(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}

// ready answers 503 while no task should come here.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	r, status := s.deps.Ready(), http.StatusOK
	if !r.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(r)
}
