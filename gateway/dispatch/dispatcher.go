package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// caller makes calls to workers by address.
type caller interface {
	Generate(ctx context.Context, addr string, a workerrpc.Attempt, on func(workerrpc.Update)) (workerrpc.Outcome, error)
	Cancel(ctx context.Context, addr string, id task.ID, number int) error
}

// members is the live fleet.
type members interface {
	Workers() []fleet.Member
	Changed() <-chan struct{}
}

// objects mints the URLs of a call and reads its manifest.
type objects interface {
	WorkerGetURL(key string, until time.Time) string
	WorkerPutURL(key, contentType string, maxBytes int64, until time.Time) string
	Open(ctx context.Context, key string) (*store.Object, error)
	DeletePrefix(ctx context.Context, prefix string) (int, error)
}

// settler closes the books of a finished task: quota and cache.
type settler interface {
	Settle(ctx context.Context, j *task.Job, r *task.Record) error
}

// arms counts what the arms of experiments did.
type arms interface {
	Post(ctx context.Context, arm task.Arm, id task.ID, c experiment.Counts) error
	Close(arm task.Arm, id task.ID)
}

// Deps are what a dispatcher works with.
type Deps struct {
	ID       string // of this gateway
	Engine   *engine.Engine
	Queue    *queue.Queue
	Router   *routing.Router
	Fleet    members
	Caller   caller
	Objects  objects
	Settler  settler
	Arms     arms // nil: arms are not counted
	Policy   func() *policy.State
	TaskFen  func() int64 // the most one task may cost; nil or 0 for no limit
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

// Dispatcher leads or stands by.
type Dispatcher struct {
	Deps
	config  Config
	bucket  *engine.Bucket // the lease
	billing *billing.Store
	metrics metrics
	current atomic.Pointer[lead] // nil while standing by
	told    atomic.Pointer[told] // by whoever leads
	said    said                 // by us, while we lead
}

// New makes a dispatcher; Run starts it.
func New(ctx context.Context, c Config, d Deps) (*Dispatcher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "fleet", Memory: true})
	if err != nil {
		return nil, err
	}
	money, err := billing.Open(ctx, d.Engine)
	if err != nil {
		return nil, err
	}
	return &Dispatcher{Deps: d, config: c, bucket: b, billing: money, metrics: newMetrics(d.Registry), said: newSaid()}, nil
}

// Run stands by until no other dispatcher leads, then leads until it is
// deposed, and so on until ctx ends. Calls in flight are left running: the
// next leader attaches to them.
func (d *Dispatcher) Run(ctx context.Context) error {
	stop, err := d.listen()
	if err != nil {
		return err
	}
	defer stop()
	poll := time.NewTicker(leaderPoll) // expiry of the other's lease has no event that survives an engine restart
	defer poll.Stop()
	for {
		c := claim{bucket: d.bucket, value: []byte(d.ID + "." + task.NewID())}
		err := c.renew(ctx)
		if err == nil {
			d.term(ctx, &c)
		} else if fault.KindOf(err) != fault.Conflict && ctx.Err() == nil {
			d.Logger.Warn("no lease on dispatch", "err", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-poll.C:
		}
	}
}

// term leads once, from a fresh lease to its loss.
func (d *Dispatcher) term(ctx context.Context, c *claim) {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var keeping sync.WaitGroup
	keeping.Go(func() { cancel(c.keep(ctx)) })
	l := newLead(d)
	d.current.Store(l)
	d.Logger.Info("dispatch leads", "gateway", d.ID)
	err := l.run(ctx)
	d.current.Store(nil)
	cancel(err)
	keeping.Wait()
	d.Logger.Info("dispatch stands by", "gateway", d.ID, "reason", err)
	c.giveUp(outer)
}

// Costs reports what the last days have cost, the newest first.
func (d *Dispatcher) Costs(ctx context.Context, days int) ([]operator.Cost, error) {
	return d.billing.Costs(ctx, days, time.Now())
}

// Status is what operators see of dispatch on one gateway.
type Status struct {
	Leader   bool           `json:"leader"`
	Waiting  int            `json:"waiting"`
	Running  int            `json:"running"`
	InFlight map[string]int `json:"inFlight"` // calls by provider
	Load     *queue.Load    `json:"load,omitempty"`

	Providers map[string]ProviderStatus `json:"providers,omitempty"` // as the leader tells it
	SpentFen  int64                     `json:"spentFen,omitempty"`  // today by all, with what is set aside
	Campaigns map[string]int64          `json:"campaigns,omitempty"` // and for each campaign
	Alarms    []Alarm                   `json:"alarms,omitempty"`
}

// Status tells where this dispatcher stands. Only the leader knows counts;
// the providers' state is known everywhere while somebody leads.
func (d *Dispatcher) Status() Status {
	s := Status{Load: d.Queue.Load(), InFlight: map[string]int{}}
	if l := d.current.Load(); l != nil {
		l.status(&s)
	} else if t := d.told.Load(); t != nil && time.Since(t.At) < toldStale {
		s.Providers, s.SpentFen, s.Campaigns, s.Alarms = t.Providers, t.SpentFen, t.Campaigns, t.Alarms
		for name, p := range t.Providers {
			if p.InFlight > 0 {
				s.InFlight[name] = p.InFlight
			}
		}
	}
	return s
}
