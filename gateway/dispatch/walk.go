package dispatch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

var (
	// errEnded says that the task ended: the record is terminal or a
	// tombstone, there is nothing left to do but to close the books.
	errEnded = errors.New("task ended")

	errCanceling = errors.New("a cancel came first")
	errDeadline  = errors.New("task deadline passed")
)

// walk runs one task from its first slot to its end.
type walk struct {
	*lead
	it    *item
	job   *task.Job
	seat  *slot         // held for the next attempt
	seats map[int]*slot // of attempts that an earlier dispatcher began
	slot  chan *slot    // answers to ask
	poked chan struct{} // the record changed: read it again

	landings chan *flight // calls that have ended
	writing  sync.Mutex   // held while a revision is written or read

	mu        sync.Mutex // guards what follows; writing and lead.mu come before it
	rec       *task.Record
	rev       uint64
	air       []*flight
	revisions int       // progress revisions written
	written   time.Time // of the last one
	noticed   bool

	// Written by the walk, read by the placing goroutine: under lead.mu.
	tried   map[string]int       // failures by provider
	rest    map[string]time.Time // providers left alone, until when
	avoid   map[string]bool      // workers that just failed us
	reached int                  // attempts that reached a provider
	paid    int64                // fen, also for what may have been billed
	moved   bool                 // a provider limited its rate: the next one may serve
	asked   time.Time            // when it began to wait for another slot

	hand     []billing.Reservation // what its calls have cost, until it is booked
	lands    map[int]workerrpc.Outcome
	unserved int            // attempts that no worker took
	unsure   []task.Attempt // may have been billed, and nobody has allowed yet to go on after them
}

// newWalk picks a task up where its record stands. The caller holds the lock.
func newWalk(l *lead, it *item, s *slot) *walk {
	w := &walk{
		lead: l, it: it, job: it.lease.Job, rec: it.rec, rev: it.rev, seat: s,
		slot: make(chan *slot, 1), poked: make(chan struct{}, 1), noticed: it.rec.Stage == task.StageSlow,
		tried: make(map[string]int), rest: make(map[string]time.Time), avoid: make(map[string]bool),
		seats: make(map[int]*slot), lands: make(map[int]workerrpc.Outcome), landings: make(chan *flight, 2),
	}
	for _, a := range it.rec.Attempts {
		if a.Outcome == "" {
			w.seats[a.Number] = l.slots.occupy(&a, l.step(a.Provider), w.job.Campaign)
		} else {
			w.account(a)
			w.recall(a)
		}
		if !a.Hedge {
			w.unsure = nil
		}
		if a.Outcome == task.Unknown {
			w.unsure = append(w.unsure, a)
		}
	}
	if it.rec.Running() == nil {
		w.unsure = nil // it was decided before that was written
	}
	return w
}

// recall counts what an attempt of an earlier term has cost, unless that term
// has booked it.
func (w *walk) recall(a task.Attempt) {
	if a.PriceFen == 0 || w.accounts.Booked(w.job.ID) {
		return
	}
	w.hand = append(w.hand, w.accounts.Reserve(a.Provider, w.job.Campaign, a.PriceFen, a.StartedAt))
}

// nudge makes the walk and its calls read the record again, once however
// often it is called.
func (w *walk) nudge() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.air {
		signal(f.poked)
	}
	signal(w.poked)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run walks until the task has ended or ctx has. A walk that ctx ends writes
// nothing more and leaves its call running for the next leader.
func (w *walk) run(ctx context.Context) {
	life, cancel := context.WithDeadlineCause(ctx, w.job.Deadline, errDeadline)
	err := w.steps(life)
	cancel()
	if err != nil && errors.Is(context.Cause(life), errDeadline) && ctx.Err() == nil && !errors.Is(err, errEnded) && !errors.Is(err, errDeposed) {
		err = w.expire(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case w.ended() && (err == nil || errors.Is(err, errEnded)):
		w.close(ctx)
	default:
		w.Logger.Error("walk interrupted, the job returns", "task", w.job.ID, "err", err)
		_ = w.it.lease.Return(time.Second)
	}
}

// steps makes attempts until one decides the task, and until the last call
// has been booked.
func (w *walk) steps(ctx context.Context) (err error) {
	air, land := context.WithCancelCause(ctx)
	defer func() {
		land(err)
		w.ground()
		w.vacate()
	}()
	for _, a := range w.rec.Attempts {
		if s := w.seats[a.Number]; s != nil {
			w.launch(air, a, s, true)
		}
	}
	for {
		for w.flying() > 0 {
			if done, err := w.watch(ctx, air); done || err != nil {
				return err
			}
		}
		switch {
		case w.ended():
			return errEnded
		case w.now().Canceling:
			return w.cancel(ctx, landing{})
		}
		if w.seat == nil {
			if err := w.sit(ctx); err != nil {
				return err
			}
		}
		if err := w.attempt(ctx, air); err != nil && !errors.Is(err, errCanceling) {
			return err
		}
	}
}

// watch waits until a call has landed, and judges it. Meanwhile it tells the
// person when it takes long, and starts a hedge when that is due.
func (w *walk) watch(ctx, air context.Context) (done bool, _ error) {
	notice, hedge := time.NewTimer(w.untilNotice()), time.NewTimer(w.untilHedge())
	defer notice.Stop()
	defer hedge.Stop()
	for {
		select {
		case f := <-w.landings:
			return w.after(ctx, f)
		case <-notice.C:
			w.notice(ctx)
		case <-hedge.C:
			again, err := w.hedge(ctx, air)
			if err != nil {
				return true, err
			}
			hedge.Reset(again)
		}
	}
}

func (w *walk) vacate() {
	w.release(w.seat)
	w.seat = nil
}

func (w *walk) ended() bool { return gone(w.now()) }

// sit waits for a slot for the next attempt; errEnded when the task ended
// instead, also because no provider is left.
func (w *walk) sit(ctx context.Context) error {
	if len(w.plan()) == 0 && (w.now().Started() || w.broke(w.job, w.paid)) {
		return ended(w.exhausted(ctx, landing{}))
	}
	w.ask(w)
	defer w.forget(w)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case w.seat = <-w.slot:
			return nil
		case <-w.poked:
			if err := w.reload(ctx); err != nil {
				return err
			}
			if w.now().Canceling {
				return ended(w.cancel(ctx, landing{}))
			}
			if w.broke(w.job, w.paid) {
				return ended(w.exhausted(ctx, landing{}))
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

// attempt writes the next attempt and begins its call with the seat held.
func (w *walk) attempt(ctx, air context.Context) error {
	s := w.seat
	a, err := w.begin(ctx, s, func(r *task.Record, a *task.Attempt) task.Event {
		r.Queue, r.Stage = nil, task.StageStarting
		if a.Number > 1 {
			r.Stage = task.StageRetrying
		}
		if r.StartedAt == nil {
			r.StartedAt = &a.StartedAt
		}
		if s.step.Degraded && !r.Degraded {
			r.Degraded = true
			return task.EventDegraded
		}
		return task.EventProgress
	})
	if err != nil {
		return err
	}
	if a.Number == 1 {
		w.metrics.waitSeconds.Observe(a.StartedAt.Sub(w.job.CreatedAt).Seconds())
	}
	w.seat = nil
	w.launch(air, a, s, false)
	return nil
}

// begin writes an attempt into the record, before its call.
func (w *walk) begin(ctx context.Context, s *slot, edit func(*task.Record, *task.Attempt) task.Event) (task.Attempt, error) {
	a := task.Attempt{
		Provider: s.step.Name, Model: s.step.Model, Region: s.worker.Region, Worker: s.worker.ID, Address: s.worker.Address,
		StartedAt: time.Now().UTC(), PriceFen: s.step.PriceFen,
	}
	err := w.change(ctx, func(r *task.Record) error {
		if r.Canceling {
			return errCanceling
		}
		a.Number = len(r.Attempts) + 1
		event := edit(r, &a)
		r.Attempts = append(r.Attempts, a)
		return r.To(task.Running, event)
	})
	if err == nil {
		w.lead.mu.Lock()
		w.hedging.Count(a.StartedAt, a.Hedge)
		w.lead.mu.Unlock()
	}
	return a, err
}

// expire ends a task whose time is over.
func (w *walk) expire(ctx context.Context) error {
	late := landing{out: workerrpc.Outcome{Result: task.Unknown, Class: task.ClassTimeout}}
	if w.ended() { // and only a call that lost was still under way
		return ended(w.amend(ctx, func(r *task.Record) { complete(r, late) }))
	}
	return w.end(ctx, task.Expired, late, task.Fail(fault.TaskExpired))
}
