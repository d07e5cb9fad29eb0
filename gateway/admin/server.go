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

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ramp"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const (
	readTimeout    = 30 * time.Second
	writeTimeout   = 3 * time.Minute // a CPU profile takes its time
	idleTimeout    = 2 * time.Minute
	goodbye        = 3 * time.Second // for requests that run when we stop
	maxHeaderBytes = 16 << 10
)

// tasks is what gateway/queue knows of tasks.
type tasks interface {
	Recent(ctx context.Context, s queue.Search) (found []*task.Record, next uint64, err error)
	Find(ctx context.Context, id task.ID) (task.SessionID, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Backlog(ctx context.Context) (uint64, error)
}

// intake is gateway/intake: it ends tasks and keeps the cache of finished
// ones.
type intake interface {
	Cancel(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, error)
	PurgeCache(ctx context.Context, s task.SessionID, style string) (removed int, err error)
	CacheStats(ctx context.Context) (entries, sessions int, err error)
}

// campaigns is gateway/campaign.
type campaigns interface {
	Taken(ctx context.Context, campaign string) (int64, error)
}

// accounts is gateway/quota.
type accounts interface {
	Of(ctx context.Context, s task.SessionID) (quota.Usage, error)
	Grant(ctx context.Context, s task.SessionID, externalID string, n int64, reason string) (quota.Usage, error)
}

// eraser is gateway/erasure.
type eraser interface {
	Session(ctx context.Context, s task.SessionID) (erasure.Receipt, error)
}

// objects is gateway/store.
type objects interface {
	RefreshCDN(ctx context.Context, session string, dry store.DryRun) (address string, err error)
	Usage(ctx context.Context, bound store.Scan) (store.Usage, error)
	Space() (space store.Space, ok bool, err error)
}

// partials is what has arrived of resumable uploads at this gateway.
type partials interface {
	Each(see func(size int64, at time.Time)) error
}

// workers is gateway/fleet.
type workers interface {
	Workers() []fleet.Member
}

// notes is what the intake does to a person's note before anything else.
type notes interface {
	Check(ctx context.Context, text string) (string, error)
}

// dispatcher is gateway/dispatch.
type dispatcher interface {
	Status() dispatch.Status
	Waits(r *task.Record) *operator.Wait
	Costs(ctx context.Context, days int) ([]operator.Cost, error)
}

// alarms is gateway/alarm.
type alarms interface {
	Standing() []alarm.Alarm
}

// ramps is gateway/ramp.
type ramps interface {
	Progress() (from, to ramp.Calls)
}

// arms is the desk of gateway/experiment.
type arms interface {
	Counts(ctx context.Context, book string) (map[string]experiment.Counts, error)
	Shares(book string, e policy.Experiment) []experiment.Share
}

// objectives is gateway/objective.
type objectives interface {
	Objectives() []operator.Objective
}

// readier is gateway/readiness.
type readier interface {
	Report(ctx context.Context) readiness.Report
}

// Deps are what the API steers.
type Deps struct {
	Policy      *policy.Store
	Queue       tasks
	Intake      intake
	Quota       accounts
	Campaigns   campaigns
	Eraser      eraser
	Store       objects
	Partials    partials
	Fleet       workers
	Dispatch    dispatcher
	Alarms      alarms
	Engine      streams
	Ramp        ramps
	Arms        arms
	Notes       notes
	Providers   []routing.Provider // as configured
	Fallback    operator.Fallback  // as configured
	Ready       readier
	Objectives  objectives           // nil: none are shown
	Registry    *prometheus.Registry // shown at /metrics; nil shows none
	Logger      *slog.Logger
	Version     string // of this build
	Environment string // dev or prod
}

// Server is the admin API.
type Server struct {
	config   Config
	deps     Deps
	guard    guard
	started  time.Time
	prompts  *prompt.Builder
	requests *prometheus.HistogramVec
	listener net.Listener
}

// New builds the API. Listen takes its address, or Run does.
func New(c Config, d Deps) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Server{
		config: c, deps: d, guard: newGuard(c.Token.Reveal(), c.Hosts), started: time.Now(), prompts: prompt.New(),
		requests: telemetry.For(registerer(d.Registry), "admin").SecondsBy("request", "Time to answer operators, by route and status.", []float64{.001, .01, .1, 1, 10}, "route", "status"),
	}, nil
}

// registerer keeps a nil registry nil behind the interface.
func registerer(r *prometheus.Registry) prometheus.Registerer {
	if r == nil {
		return nil
	}
	return r
}

// Listen takes the address, so that a busy port is known before anything else
// starts. It returns the address taken.
func (s *Server) Listen(ctx context.Context) (net.Addr, error) {
	l, err := Bind(ctx, s.config)
	if err != nil {
		return nil, err
	}
	s.listener = l
	return l.Addr(), nil
}

// Take makes Run serve on a listener that is bound already.
func (s *Server) Take(l net.Listener) { s.listener = l }

// Run serves until ctx ends, and then lets running requests end.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		if _, err := s.Listen(ctx); err != nil {
			return err
		}
	}
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
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve admin: %w", err)
	}
	return context.Cause(ctx)
}
