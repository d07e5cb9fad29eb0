package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	readTimeout    = 30 * time.Second
	writeTimeout   = 3 * time.Minute // a CPU profile takes its time
	idleTimeout    = 2 * time.Minute
	goodbye        = 3 * time.Second // for requests that run when we stop
	maxHeaderBytes = 16 << 10
)

// queue is what gateway/queue knows of tasks.
type queue interface {
	Recent(ctx context.Context, limit int) ([]*task.Record, error)
	Find(ctx context.Context, id task.ID) (task.SessionID, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Backlog(ctx context.Context) (uint64, error)
}

// canceler is gateway/intake, asked to end a task.
type canceler interface {
	Cancel(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, error)
}

// cache is the cache of finished tasks in gateway/intake. An empty session
// means all sessions, an empty style all styles.
type cache interface {
	PurgeCache(ctx context.Context, s task.SessionID, style string) (removed int, err error)
	CacheStats(ctx context.Context) (entries, sessions int, err error)
}

// ledger is the quota ledger of gateway/session.
type ledger interface {
	Quota(ctx context.Context, s task.SessionID) (session.Quota, error)
	Grant(ctx context.Context, s task.SessionID, externalID string, n int64, reason string) (session.Quota, error)
}

// eraser is gateway/erasure.
type eraser interface {
	Session(ctx context.Context, s task.SessionID) (erasure.Receipt, error)
}

// workers is gateway/fleet.
type workers interface {
	Workers() []fleet.Member
}

// dispatcher is gateway/dispatch.
type dispatcher interface {
	Status() dispatch.Status
}

// Deps are what the API steers.
type Deps struct {
	Policy    *policy.Store
	Queue     queue
	Intake    canceler
	Cache     cache
	Ledger    ledger
	Eraser    eraser
	Fleet     workers
	Dispatch  dispatcher
	Providers []routing.Provider              // as configured
	Ready     func(ctx context.Context) error // nil error: this gateway serves
	Metrics   http.Handler                    // of this process's registry
	Logger    *slog.Logger
	Registry  prometheus.Registerer
}

// Server is the admin API.
type Server struct {
	config   Config
	deps     Deps
	guard    guard
	started  time.Time
	requests *prometheus.HistogramVec
	listener net.Listener
}

// Listen takes the address, so that a busy port is known at the start. Run
// serves it.
func Listen(c Config, d Deps) (*Server, error) {
	s, err := New(c, d)
	if err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	return s, nil
}

// New builds the API without a listener, for its Handler.
func New(c Config, d Deps) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Server{
		config: c, deps: d, guard: newGuard(c.Token, c.Hosts), started: time.Now(),
		requests: promauto.With(d.Registry).NewHistogramVec(prometheus.HistogramOpts{
			Name: "imgfleet_admin_request_seconds", Help: "Time to answer operators, by route and status.",
			Buckets: []float64{.001, .01, .1, 1, 10},
		}, []string{"route", "status"}),
	}, nil
}

// Addr is the address taken by Listen.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends, and then lets running requests end.
func (s *Server) Run(ctx context.Context) error {
	hs := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog:    slog.NewLogLogger(s.deps.Logger.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve admin: %w", err)
	case <-ctx.Done():
	}
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := hs.Shutdown(soon); errors.Is(err, context.DeadlineExceeded) {
		_ = hs.Close()
	}
	<-failed
	return context.Cause(ctx)
}
