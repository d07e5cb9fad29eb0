package generate

import (
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/spool"
)

// cancelGrace is how long a picture that nobody wants any more is still stored:
// it is paid for, and a store that is there takes it.
const cancelGrace = 3 * time.Second

// keep puts a picture into the spool, and tells where it is kept. A picture that
// never changes was paid for by nobody.
func (w *Worker) keep(r *run, pic provider.Picture, o workerrpc.Outcome) (e *spool.Entry) {
	if r.until.IsZero() {
		r.until = time.Now().Add(w.cfg.StoreWithin) // its gateway does not tell
	}
	if pic.Stable == "" {
		e = w.spool.Keep(o, r.until, pic.Data)
	}
	kept := task.KeptMemory
	if e != nil {
		kept = task.KeptSpool
	}
	r.update(func(s *state) { s.stage, s.progress, s.kept = task.StageFinishing, progressMade, kept })
	return e
}

// storing is the time for a picture that is paid for: until nobody wants it any
// more, whatever the time of its call. A cancel leaves it a little, the end of
// the worker nothing.
func storing(ctx context.Context, until time.Time) (context.Context, context.CancelFunc) {
	kept, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	kept, stop := context.WithDeadline(kept, until)
	forget := context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		if errors.Is(cause, provider.ErrCanceled) {
			select {
			case <-time.After(cancelGrace):
			case <-kept.Done():
			}
		}
		cancel(cause)
	})
	return kept, func() {
		forget()
		stop()
		cancel(nil)
	}
}

// resume finishes an attempt whose picture a worker left that died. Nobody is
// asked for another one.
func (w *Worker) resume(ctx context.Context, r *run, a workerrpc.Attempt, e *spool.Entry) {
	began := time.Now()
	w.metrics.running.Inc()
	defer w.metrics.running.Dec()
	r.update(func(s *state) { s.stage, s.progress, s.kept = task.StageFinishing, progressMade, task.KeptSpool })
	o := e.Outcome()
	data, err := e.Read()
	if err != nil {
		o.Result, o.Class, o.Code = task.Unknown, task.ClassTransient, "picture_unusable"
	} else {
		o, err = w.finish(ctx, r, a, provider.Picture{Data: data}, o)
	}
	w.end(ctx, r, a, e, o)
	w.metrics.attempts.WithLabelValues(a.Provider, string(o.Result), string(o.Class)).Inc()
	w.log(a, o, err, time.Since(began))
}

// Spooled names the attempts of workers that died whose pictures are here.
func (w *Worker) Spooled() []string { return w.spool.Found() }
