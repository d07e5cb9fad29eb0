package run

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

var (
	errCanceling = errors.New("a cancel came first")
	errDeadline  = errors.New("task deadline passed")
)

// Task is a leased task as a run takes it up.
type Task struct {
	Lease    lease
	Job      *task.Job
	Record   *task.Record
	Revision uint64
	Entered  time.Time     // when it was leased
	Estimate task.Position // given when it was accepted; zero when that is not known
	Slot     *Slot         // for its next attempt; nil when it has to ask for one
	Found    map[int]*Slot // of the attempts in flight that its record has, by number
}

// Run takes one task from where its record stands to its end.
type Run struct {
	deps   *Deps
	log    *slog.Logger // names the request that made the task
	port   port
	task   Task
	job    *task.Job
	record record

	poked   chan struct{} // the record changed: read it again
	rethink chan struct{} // operators changed what may follow
	done    chan *call    // calls that have ended

	mu        sync.Mutex // guards what the calls share with the run
	calls     []*call    // in flight
	revisions int        // progress revisions written
	written   time.Time  // of the last one
	noticed   bool       // the person was told that it takes longer
	avoid     map[string]bool

	// Only the run's own goroutine touches the rest. While the run waits for
	// an answer to a request it changes none of it.
	slot        *Slot                // for the next attempt
	tried       map[string]int       // failures by provider
	rest        map[string]time.Time // providers left alone, until when
	reached     int                  // attempts that reached a provider
	paid        int64                // fen, also for what may have been billed
	rateLimited bool                 // a provider limited its rate: the next one may serve
	unserved    int                  // attempts that no worker took
	unsure      []task.Attempt       // may have been billed, and nobody has allowed yet to go on after them
	spent       []billing.Reservation
	outcomes    map[int]workerrpc.Outcome
	counted     bool // we wrote its end
}

// New picks a task up where its record stands.
func New(d *Deps, p port, t Task) *Run {
	log := d.Logger
	if t.Job.RequestID != "" {
		log = log.With(telemetry.FieldRequest, t.Job.RequestID)
	}
	r := &Run{
		deps: d, log: log, port: p, task: t, job: t.Job, slot: t.Slot, record: record{store: d.Records, log: log, unsaved: d.Unsaved},
		poked: make(chan struct{}, 1), rethink: make(chan struct{}, 1), done: make(chan *call, 2), noticed: t.Record.Stage == task.StageSlow,
		tried: make(map[string]int), rest: make(map[string]time.Time), avoid: make(map[string]bool), outcomes: make(map[int]workerrpc.Outcome),
	}
	r.record.adopt(t.Record, t.Revision)
	for _, a := range t.Record.Attempts {
		if a.Outcome != "" {
			r.account(a)
			r.recall(a)
		}
		if !a.Hedge {
			r.unsure = nil
		}
		if a.Outcome == task.Unknown {
			r.unsure = append(r.unsure, a)
		}
	}
	if t.Record.Running() == nil {
		r.unsure = nil // it was decided before that was written
	}
	return r
}

// Nudge makes the run and its calls read the record again, once however often
// it is called.
func (r *Run) Nudge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		tick.Wake(c.poked)
	}
	tick.Wake(r.poked)
}

// Rethink makes a run that waits for a call look at once whether it may hedge
// it by now. All other decisions read what operators allow when they are made.
func (r *Run) Rethink() { tick.Wake(r.rethink) }

// Do runs until the task has ended or ctx has. A run that ctx ends writes
// nothing more and leaves its calls in flight for the next leader.
func (r *Run) Do(ctx context.Context) {
	life, cancel := context.WithDeadlineCause(ctx, r.job.Deadline, errDeadline)
	err := r.attempts(life)
	cancel()
	if err != nil && errors.Is(context.Cause(life), errDeadline) && ctx.Err() == nil && !errors.Is(err, errEnded) && !errors.Is(err, errDeposed) {
		err = r.expire(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case r.record.ended() && (err == nil || errors.Is(err, errEnded)):
		r.close(ctx)
	default:
		r.log.Error("run interrupted, the job returns", "task", r.job.ID, "err", err)
		_ = r.task.Lease.Return(time.Second)
	}
	r.deps.Accounts.Release(r.spent...) // what was not booked is counted again with the job
}

// attempts makes attempts until one decides the task, and until the last call
// has been booked.
func (r *Run) attempts(ctx context.Context) (err error) {
	calls, stop := context.WithCancelCause(ctx)
	defer func() {
		stop(err)
		r.leaveCalls()
		r.releaseSlot()
	}()
	for _, a := range r.record.now().Attempts {
		if s := r.task.Found[a.Number]; s != nil {
			r.launch(calls, a, s, true)
		}
	}
	for {
		for r.inFlight() > 0 {
			if done, err := r.watch(ctx, calls); done || err != nil {
				return err
			}
		}
		switch {
		case r.record.ended():
			return errEnded
		case r.record.now().Canceling:
			return r.end(ctx, task.Canceled, workerrpc.Outcome{}, nil)
		}
		if r.slot == nil {
			if err := r.await(ctx); err != nil {
				return err
			}
		}
		if err := r.attempt(ctx, calls); err != nil && !errors.Is(err, errCanceling) {
			return err
		}
	}
}

// watch waits until a call has ended, and decides what follows. Meanwhile it
// tells the person when it takes long, and starts a hedge when that is due.
func (r *Run) watch(ctx, calls context.Context) (done bool, _ error) {
	notice, hedge := time.After(r.untilNotice()), time.After(r.untilHedge())
	for {
		select {
		case c := <-r.done:
			return r.after(ctx, c)
		case <-notice:
			r.notice(ctx)
		case <-hedge:
			again, err := r.hedge(ctx, calls)
			if err != nil {
				return true, err
			}
			hedge = time.After(again)
		case <-r.rethink:
			hedge = time.After(r.untilHedge())
		}
	}
}

func (r *Run) releaseSlot() {
	if r.slot != nil {
		r.port.Release(r.slot)
	}
	r.slot = nil
}

// slotRequest is what the task accepts for its next call.
func (r *Run) slotRequest() *SlotRequest {
	return &SlotRequest{
		Job: r.job, Paid: r.paid, Steps: r.plan, Avoid: r.avoided(), Rest: r.rest, Retry: len(r.tried) > 0 || r.rateLimited,
		Entered: r.task.Entered, Asked: r.deps.Now(), Answer: make(chan *Slot, 1),
	}
}

// avoided are the workers that failed the task.
func (r *Run) avoided() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.avoid)
}

func (r *Run) avoidWorker(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.avoid[id] = true
}

// broke reports whether there are providers for the task, and money for none.
func (r *Run) broke() bool { return r.port.Lacks(r.job, r.paid) != "" }

// await waits for a slot for the next attempt; errEnded when the task ended
// instead, also because no provider is left.
func (r *Run) await(ctx context.Context) error {
	if len(r.plan()) == 0 && (r.record.now().Started() || r.broke()) {
		return ended(r.exhausted(ctx, workerrpc.Outcome{}))
	}
	w := r.slotRequest()
	r.port.Ask(w)
	defer r.port.Forget(w)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case r.slot = <-w.Answer:
			switch {
			case r.slot != nil:
				return nil
			case r.broke():
				return ended(r.exhausted(ctx, workerrpc.Outcome{}))
			}
			r.port.Ask(w) // there is money again
		case <-r.poked:
			if err := r.record.reload(ctx); err != nil {
				return err
			}
			if r.record.now().Canceling {
				return ended(r.end(ctx, task.Canceled, workerrpc.Outcome{}, nil))
			}
		}
	}
}

// ended turns the success of ending a task into errEnded.
func ended(err error) error {
	if err == nil {
		return errEnded
	}
	return err
}

// attempt writes the next attempt and begins its call in the run's slot.
func (r *Run) attempt(ctx, calls context.Context) error {
	s := r.slot
	a, err := r.begin(ctx, s, func(rec *task.Record, a *task.Attempt) task.Event {
		rec.Queue, rec.Stage = nil, task.StageStarting
		if a.Number > 1 {
			rec.Stage = task.StageRetrying
		}
		if rec.StartedAt == nil {
			rec.StartedAt = &a.StartedAt
		}
		if s.Step.Degraded && !rec.Degraded {
			rec.Degraded = true
			return task.EventDegraded
		}
		return task.EventProgress
	})
	if err != nil {
		return err
	}
	if a.Number == 1 {
		r.deps.Metrics.waitSeconds.Observe(a.StartedAt.Sub(r.job.CreatedAt).Seconds())
	}
	r.slot = nil
	r.launch(calls, a, s, false)
	return nil
}

// begin writes an attempt into the record, before its call.
func (r *Run) begin(ctx context.Context, s *Slot, edit func(*task.Record, *task.Attempt) task.Event) (task.Attempt, error) {
	a := task.Attempt{
		Provider: s.Step.Name, Model: s.Step.Model, Region: s.Region, Worker: s.Worker, Address: s.Address,
		StartedAt: r.deps.Now().UTC(), PriceFen: s.Step.PriceFen,
	}
	err := r.record.change(ctx, func(rec *task.Record) error {
		if rec.Canceling {
			return errCanceling
		}
		a.Number = len(rec.Attempts) + 1
		event := edit(rec, &a)
		rec.Attempts = append(rec.Attempts, a)
		return rec.To(task.Running, event)
	})
	if err == nil {
		r.port.Begun(a)
	}
	return a, err
}

// expire ends a task whose time is over.
func (r *Run) expire(ctx context.Context) error {
	late := workerrpc.Outcome{Result: task.Unknown, Class: task.ClassTimeout}
	if r.record.ended() { // and only a call that lost was still in flight
		return ended(r.record.amend(ctx, func(rec *task.Record) { r.complete(rec, late) }))
	}
	return r.end(ctx, task.Expired, late, task.Fail(fault.TaskExpired))
}

// step is a configured provider as a step, also one that policy has switched
// off since.
func (r *Run) step(provider string) routing.Step { return r.deps.Router.Config().Step(provider) }
