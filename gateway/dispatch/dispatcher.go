package dispatch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/scrub"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// sayAgain is how often the log says what every task meets: a worker that
// takes no attempts, an engine that writes no revisions.
const sayAgain = 10 * time.Second

// Dispatcher leads or stands by.
type Dispatcher struct {
	deps    Deps
	config  Config
	lease   *engine.Bucket
	billing *billing.Store
	current atomic.Pointer[term]      // nil while standing by
	last    atomic.Pointer[broadcast] // received from whoever leads
	logged  loggedAlarms              // by us, while we lead
	onset   onset                     // of the alarms that stand
	memory  memory
}

// New makes a dispatcher; Run starts it.
func New(ctx context.Context, c Config, deps Deps) (*Dispatcher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	lease, err := deps.Engine.Bucket(ctx, engine.BucketConfig{Name: "fleet", Memory: true})
	if err != nil {
		return nil, err
	}
	money, err := billing.Open(ctx, deps.Engine)
	if err != nil {
		return nil, err
	}
	known, err := deps.Engine.Bucket(ctx, engine.BucketConfig{Name: "known"})
	if err != nil {
		return nil, err
	}
	if deps.Runs.Now == nil {
		deps.Runs.Now = time.Now
	}
	if deps.Runs.Tally == nil {
		deps.Runs.Tally = run.Uncounted{}
	}
	if deps.Fresh == nil {
		deps.Fresh = func(context.Context) error { return nil }
	}
	if deps.Store == nil {
		deps.Store = func() error { return nil }
	}
	deps.Runs.Records, deps.Runs.Billing, deps.Runs.Stall = deps.Queue, money, c.Stall
	deps.Runs.Metrics, deps.Runs.Words = run.NewMetrics(deps.Registry), scrub.New()
	deps.Runs.Untaken, deps.Runs.Unsaved = &telemetry.SeldomOf{Every: sayAgain}, &telemetry.SeldomOf{Every: sayAgain}
	d := &Dispatcher{deps: deps, config: c, lease: lease, billing: money, logged: make(loggedAlarms), memory: memory{bucket: known}}
	if deps.Registry != nil {
		err = deps.Registry.Register(newCollector(d))
	}
	return d, err
}

// Run stands by until no other dispatcher leads, then leads until it is
// deposed, and so on until ctx ends. Calls in flight are left running: the
// next leader attaches to them.
func (d *Dispatcher) Run(ctx context.Context) error {
	stop, err := d.subscribe()
	if err != nil {
		return err
	}
	defer stop()
	for range tick.AtOnce(ctx, leaderPoll) { // expiry of the other's lease has no event that survives an engine restart
		l := lease{bucket: d.lease, value: []byte(d.deps.ID + "." + task.NewID())}
		err := l.renew(ctx)
		if err == nil {
			d.lead(ctx, &l)
		} else if fault.KindOf(err) != fault.Conflict && ctx.Err() == nil {
			d.deps.Runs.Logger.Warn("no lease on dispatch", "err", err)
		}
	}
	return context.Cause(ctx)
}

// lead leads for one term, from a fresh lease to its loss.
func (d *Dispatcher) lead(ctx context.Context, l *lease) {
	outer, log := ctx, d.deps.Runs.Logger
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var keeping sync.WaitGroup
	keeping.Go(func() { cancel(l.keep(ctx)) })
	t := newTerm(d.config, d.deps, d.logged, &d.onset, &d.memory)
	t.held = &l.held
	d.current.Store(t)
	log.Info("dispatch leads", "gateway", d.deps.ID)
	err := t.run(ctx)
	d.current.Store(nil)
	cancel(err)
	keeping.Wait()
	log.Info("dispatch stands by", "gateway", d.deps.ID, "reason", err)
	l.giveUp(outer)
}

// Costs reports what the last days have cost, the newest first.
func (d *Dispatcher) Costs(ctx context.Context, days int) ([]operator.Cost, error) {
	return d.billing.Costs(ctx, days, d.deps.Runs.Now())
}
