package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	perProvider = 3  // attempts at one provider that fail in a way that may pass
	mostEntries = 16 // attempts of all kinds, also those that were never sent
	backoff     = 200 * time.Millisecond
)

// errEnded says that the task ended under our hands: the record is terminal
// or a tombstone, there is nothing left to do but to close the books.
var errEnded = errors.New("task ended elsewhere")

// walk runs one task from its first slot to its end.
type walk struct {
	*lead
	it    *item
	job   *task.Job
	rec   *task.Record
	rev   uint64
	slot  chan *slot    // answers to ask
	poked chan struct{} // the record changed: read it again

	tried     map[string]int  // by provider
	avoid     map[string]bool // workers that just failed us
	revisions int             // progress revisions written
	written   time.Time       // of the last one
	noticed   bool
}

func newWalk(l *lead, it *item) *walk {
	return &walk{
		lead: l, it: it, job: it.lease.Job, rec: it.rec, rev: it.rev,
		slot: make(chan *slot, 1), poked: make(chan struct{}, 1),
	}
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
func (w *walk) run(ctx context.Context, s *slot) {
	life, cancel := context.WithDeadlineCause(ctx, w.job.Deadline, errDeadline)
	err := w.steps(life, s)
	cancel()
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errEnded), err == nil:
	case errors.Is(context.Cause(life), errDeadline):
		err = w.end(ctx, task.Expired, &task.Failure{Code: "task_expired", Kind: fault.Timeout.String(), Retryable: true})
	default:
		w.Logger.Error("walk interrupted, the job returns", "task", w.job.ID, "err", err)
		_ = w.it.lease.Return(time.Second)
		return
	}
	if err == nil || errors.Is(err, errEnded) {
		w.close(ctx)
	}
}

var errDeadline = errors.New("task deadline passed")

// steps makes attempts until one decides the task.
func (w *walk) steps(ctx context.Context, s *slot) error {
	if w.ended() {
		w.release(s)
		return errEnded
	}
	if a := w.rec.Running(); a != nil {
		out, err := w.attached(ctx, *a)
		w.release(s)
		if err != nil {
			return err
		}
		if done, err := w.judge(ctx, out); done || err != nil {
			return err
		}
		s = nil
	}
	for {
		if w.rec.Canceling {
			w.release(s)
			return w.end(ctx, task.Canceled, nil)
		}
		if s == nil {
			var err error
			if s, err = w.nextSlot(ctx); err != nil || s == nil {
				return err
			}
		}
		out, err := w.attempt(ctx, s)
		w.release(s)
		s = nil
		if err != nil {
			return err
		}
		if done, err := w.judge(ctx, out); done || err != nil {
			return err
		}
	}
}

func (w *walk) ended() bool { return w.rec.Deleted || w.rec.State.Terminal() }

// nextSlot waits for a worker for the next attempt. It ends the task, and
// returns nil, when no provider is left.
func (w *walk) nextSlot(ctx context.Context) (*slot, error) {
	if len(w.plan()) == 0 && len(w.rec.Attempts) > 0 {
		return nil, w.exhausted(ctx)
	}
	w.ask(w)
	defer w.forget(w)
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case s := <-w.slot:
			return s, nil
		case <-w.poked:
			if err := w.reload(ctx); err != nil {
				return nil, err
			}
			if w.rec.Canceling {
				return nil, w.end(ctx, task.Canceled, nil)
			}
		}
	}
}

// plan is the router's plan without the providers that had their chances.
func (w *walk) plan() []routing.Step {
	steps := w.Router.Plan(w.job.ID)
	left := steps[:0:0]
	for _, s := range steps {
		if w.tried[s.Name] < perProvider {
			left = append(left, s)
		}
	}
	return left
}

// need is called with the lead's lock held.
func (w *walk) need() need {
	return need{
		steps: w.plan(), region: w.job.Region, avoid: w.avoid, attempt: len(w.tried) > 0,
		waited: time.Since(w.it.entered), spill: w.config.Spill,
	}
}

// attempt writes the attempt, makes the call and returns what came of it.
func (w *walk) attempt(ctx context.Context, s *slot) (workerrpc.Outcome, error) {
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
	if errors.Is(err, errCanceling) {
		return workerrpc.Outcome{Result: task.NotSent, Class: task.ClassCanceled}, nil
	}
	if err != nil {
		return workerrpc.Outcome{}, err
	}
	if a.Number == 1 {
		w.metrics.waitSeconds.Observe(a.StartedAt.Sub(w.job.CreatedAt).Seconds())
	}
	return w.call(ctx, w.request(a, s.step.Timeout), a)
}

var errCanceling = errors.New("a cancel came first")

// judge decides what an outcome means: the task is done, or another attempt
// follows.
func (w *walk) judge(ctx context.Context, out workerrpc.Outcome) (done bool, err error) {
	a := w.rec.Attempts
	if len(a) == 0 || out.Class == task.ClassCanceled {
		return true, w.end(ctx, task.Canceled, nil)
	}
	last := a[len(a)-1]
	w.metrics.attempts.WithLabelValues(last.Provider, string(out.Result), string(out.Class)).Inc()
	switch {
	case out.Result == task.OK:
		return true, w.succeed(ctx, out)
	case w.rec.Canceling:
		return true, w.end(ctx, task.Canceled, nil)
	case out.Class == task.ClassContent:
		return true, w.fail(ctx, out, &task.Failure{Code: "content_refused", Kind: fault.Unprocessable.String()})
	case out.Class == task.ClassInput && last.Provider != "":
		w.spend(last.Provider, perProvider)
	case out.Result == task.NotSent:
		w.shun(last.Worker)
	case out.Result == task.Unknown:
		next, err := w.afterUnknown(ctx, last)
		if err != nil {
			return true, err
		}
		if !next {
			return true, w.fail(ctx, out, &task.Failure{Code: "provider_unknown", Kind: fault.Unavailable.String(), Retryable: true})
		}
		w.shun(last.Worker)
		w.spend(last.Provider, 1)
	case out.Class == task.ClassAuth || out.Class == task.ClassQuota:
		w.spend(last.Provider, perProvider)
	default:
		w.spend(last.Provider, 1)
	}
	if len(a) >= mostEntries {
		return true, w.exhausted(ctx)
	}
	if err := w.record(ctx, out); err != nil {
		return true, err
	}
	return false, w.pause(ctx, out)
}

func (w *walk) spend(provider string, n int) {
	w.lead.mu.Lock()
	defer w.lead.mu.Unlock()
	if w.tried == nil {
		w.tried = make(map[string]int)
	}
	w.tried[provider] += n
}

func (w *walk) shun(worker string) {
	w.lead.mu.Lock()
	defer w.lead.mu.Unlock()
	if w.avoid == nil {
		w.avoid = make(map[string]bool)
	}
	w.avoid[worker] = true
}

// pause waits before the next attempt: as long as the vendor asked for, else
// a little longer each time.
func (w *walk) pause(ctx context.Context, out workerrpc.Outcome) error {
	wait := time.Duration(out.RetryAfter) * time.Millisecond
	if wait == 0 {
		wait = backoff << min(4, len(w.rec.Attempts)-1)
	}
	t := time.NewTimer(min(wait, 10*time.Second))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			return nil
		case <-w.poked:
			if err := w.reload(ctx); err != nil || w.rec.Canceling {
				return err
			}
		}
	}
}

// afterUnknown applies fallback.unknown. What costs nothing may always go on.
func (w *walk) afterUnknown(ctx context.Context, a task.Attempt) (next bool, err error) {
	if a.PriceFen == 0 {
		return true, nil
	}
	if w.Router.Config().Unknown != routing.UnknownNext {
		return false, nil // "wait" has waited in recover, until the attempt's own timeout
	}
	return w.doublePay(ctx, a.PriceFen)
}
