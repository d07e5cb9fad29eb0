package dispatch

import (
	"context"
	"errors"
	"time"

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
	rec   *task.Record
	rev   uint64
	seat  *slot         // held now, nil between attempts
	slot  chan *slot    // answers to ask
	poked chan struct{} // the record changed: read it again

	// Written by the walk, read by the placing goroutine: under lead.mu.
	tried   map[string]int       // failures by provider
	rest    map[string]time.Time // providers left alone, until when
	avoid   map[string]bool      // workers that just failed us
	reached int                  // attempts that reached a provider
	paid    int64                // fen, also for what may have been billed
	moved   bool                 // a provider limited its rate: the next one may serve
	asked   time.Time            // when it began to wait for another slot

	unserved  int       // attempts that no worker took
	revisions int       // progress revisions written
	written   time.Time // of the last one
	noticed   bool
}

// newWalk picks a task up where its record stands. The caller holds the lock.
func newWalk(l *lead, it *item, s *slot) *walk {
	w := &walk{
		lead: l, it: it, job: it.lease.Job, rec: it.rec, rev: it.rev, seat: s,
		slot: make(chan *slot, 1), poked: make(chan struct{}, 1), noticed: it.rec.Stage == task.StageSlow,
		tried: make(map[string]int), rest: make(map[string]time.Time), avoid: make(map[string]bool),
	}
	for _, a := range it.rec.Attempts {
		if a.Outcome != "" {
			w.account(a)
		}
	}
	return w
}

// nudge makes the walk read its record again, once however often it is called.
func (w *walk) nudge() {
	select {
	case w.poked <- struct{}{}:
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

// steps makes attempts until one decides the task.
func (w *walk) steps(ctx context.Context) error {
	defer w.vacate()
	if w.ended() {
		return errEnded
	}
	if a := w.rec.Running(); a != nil {
		out, err := w.attached(ctx, *a)
		if done, err := w.after(ctx, out, err); done || err != nil {
			return err
		}
	}
	for {
		if w.rec.Canceling {
			return w.cancel(ctx, workerrpc.Outcome{})
		}
		if w.seat == nil {
			if err := w.sit(ctx); err != nil {
				return err
			}
		}
		out, err := w.attempt(ctx)
		if errors.Is(err, errCanceling) {
			continue
		}
		if done, err := w.after(ctx, out, err); done || err != nil {
			return err
		}
	}
}

// after gives the slot of a call back and judges what came of it.
func (w *walk) after(ctx context.Context, out workerrpc.Outcome, err error) (done bool, _ error) {
	if err != nil {
		w.vacate()
		return true, err
	}
	if a := w.rec.Running(); a != nil {
		w.landed(w.seat, *a, out)
		w.seat = nil
	}
	w.vacate()
	return w.judge(ctx, out)
}

func (w *walk) vacate() {
	w.release(w.seat)
	w.seat = nil
}

func (w *walk) ended() bool { return gone(w.rec) }

// sit waits for a slot for the next attempt; errEnded when the task ended
// instead, also because no provider is left.
func (w *walk) sit(ctx context.Context) error {
	if len(w.plan()) == 0 && w.rec.Started() {
		return ended(w.exhausted(ctx, workerrpc.Outcome{}))
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
			if w.rec.Canceling {
				return ended(w.cancel(ctx, workerrpc.Outcome{}))
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

// attempt writes the attempt, makes the call and returns what came of it.
func (w *walk) attempt(ctx context.Context) (workerrpc.Outcome, error) {
	s := w.seat
	a := task.Attempt{
		Provider: s.step.Name, Region: s.worker.Region, Worker: s.worker.ID, Address: s.worker.Address,
		StartedAt: time.Now().UTC(), PriceFen: s.step.PriceFen,
	}
	err := w.change(ctx, func(r *task.Record) error {
		if r.Canceling {
			return errCanceling
		}
		a.Number = len(r.Attempts) + 1
		stage := task.StageStarting
		if a.Number > 1 {
			stage = task.StageRetrying
		}
		if r.StartedAt == nil {
			r.StartedAt = &a.StartedAt
		}
		r.Attempts = append(r.Attempts, a)
		r.Queue, r.Stage = nil, stage
		event := task.EventProgress
		if s.step.Degraded && !r.Degraded {
			r.Degraded, event = true, task.EventDegraded
		}
		return r.To(task.Running, event)
	})
	if err != nil {
		return workerrpc.Outcome{}, err
	}
	if a.Number == 1 {
		w.metrics.waitSeconds.Observe(a.StartedAt.Sub(w.job.CreatedAt).Seconds())
	}
	return w.call(ctx, w.request(a, s.step.Timeout), a)
}

// expire ends a task whose time is over.
func (w *walk) expire(ctx context.Context) error {
	return w.end(ctx, task.Expired, workerrpc.Outcome{Result: task.Unknown, Class: task.ClassTimeout},
		&task.Failure{Code: "task_expired", Kind: fault.Timeout.String(), Retryable: true})
}
