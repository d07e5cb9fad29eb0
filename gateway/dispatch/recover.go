package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// deadWait is how long a worker that refuses connections is given to come
// back with its manifest before its call counts as unknown.
const deadWait = time.Second

// attached joins the call that a record says is running: by its manifest, by
// the worker that makes it, or else with an unknown outcome.
func (w *walk) attached(ctx context.Context, a task.Attempt) (workerrpc.Outcome, error) {
	return w.recover(ctx, w.request(a, w.step(a.Provider).Timeout), a)
}

// recover finds the outcome of a call whose stream is gone: in its manifest,
// at its worker, or, when the vendor gave the work a name, by asking for that
// from another worker. It never starts a call again: what it cannot find is
// unknown.
func (w *walk) recover(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (workerrpc.Outcome, error) {
	req.AttachOnly = true
	lost := workerrpc.Outcome{Result: task.Unknown, Class: task.ClassNetwork, Code: codeLost}
	patience := a.StartedAt.Add(req.Timeout + callGrace)
	by := "attach"
	var dead time.Time // since when no worker knows of the call
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if out, err := w.manifest(ctx, a.Number); err == nil && w.believable(out) {
			return w.found("manifest", out), nil
		}
		if w.rec.Canceling {
			w.nudge() // the worker may not have heard of it
		}
		out, _, err := w.stream(ctx, req, a)
		req.AttachOnly = true
		if err == nil && !w.believable(out) {
			err = fault.New(fault.NotFound, "attempt_unknown")
		}
		switch {
		case err == nil:
			return w.found(by, out), nil
		case ctx.Err() != nil:
			w.abandon(ctx, a)
			return lost, context.Cause(ctx)
		case errors.Is(err, errDeposed):
			return lost, err
		case !unknownThere(err):
			dead = time.Time{}
		case dead.IsZero():
			dead = time.Now()
		}
		if !dead.IsZero() && time.Since(dead) > deadWait {
			moved, err := w.elsewhere(ctx)
			switch {
			case err != nil:
				return lost, err
			case moved != nil:
				a, by, dead = *moved, "resume", time.Time{}
				req = w.request(a, req.Timeout) // not AttachOnly: to ask for the vendor's task is free
				continue
			case !w.waits(a):
				return w.found("unknown", lost), nil
			}
		}
		if time.Now().After(patience) {
			return w.found("unknown", lost), nil
		}
		if err := sleep(ctx, wait); err != nil {
			w.abandon(ctx, a)
			return lost, err
		}
	}
}

func (w *walk) found(by string, out workerrpc.Outcome) workerrpc.Outcome {
	w.metrics.recovered.WithLabelValues(by).Inc()
	return out
}

// believable reports whether an outcome can be that of the call. A worker that
// was full, or could not fetch the photo, when it was to ask for work that the
// vendor has named says truly that it sent nothing; but the one before it did.
func (w *walk) believable(out workerrpc.Outcome) bool {
	run := w.rec.Running()
	return out.Result != task.NotSent || run == nil || run.VendorTask == ""
}

// unknownThere reports whether the worker that made a call is gone, or has
// never heard of it. It may have left its manifest in its last moment.
func unknownThere(err error) bool {
	return fault.CodeOf(err) == "attempt_unknown" || fault.CodeOf(err) == workerrpc.CodeUnreachable
}

// waits reports whether the manifest of a dead worker is waited for as long
// as the call may take: fallback.unknown "wait" does that for paid calls.
func (w *walk) waits(a task.Attempt) bool {
	return a.PriceFen > 0 && w.Router.Config().Unknown == routing.UnknownWait && !w.ended()
}

// elsewhere moves a call that the vendor has a name for to another worker,
// which resumes it. It returns nil when there is no name or no worker.
func (w *walk) elsewhere(ctx context.Context) (*task.Attempt, error) {
	run := w.rec.Running()
	if run == nil || run.VendorTask == "" || w.rec.Canceling {
		return nil, nil
	}
	w.lead.mu.Lock()
	w.avoid[run.Worker] = true
	moved := w.slots.move(w.seat, w.avoid)
	w.lead.mu.Unlock()
	if !moved {
		return nil, nil
	}
	w.kick()
	to := w.seat.worker
	err := w.change(ctx, func(r *task.Record) error {
		at := r.Running()
		if at == nil {
			return errDeposed
		}
		at.Worker, at.Address, at.Region = to.ID, to.Address, to.Region
		return r.To(task.Running, task.EventProgress)
	})
	if err != nil {
		return nil, err
	}
	return w.rec.Running(), nil
}

// manifest reads the outcome that a worker left in the store.
func (w *walk) manifest(ctx context.Context, number int) (workerrpc.Outcome, error) {
	var out workerrpc.Outcome
	o, err := w.Objects.Open(ctx, manifestKey(w.rec, number))
	if err != nil {
		return out, err
	}
	defer func() { _ = o.Close() }()
	data, err := io.ReadAll(io.LimitReader(o, maxManifest))
	if err != nil {
		return out, fmt.Errorf("read manifest: %w", err)
	}
	if err := sonic.Unmarshal(data, &out); err != nil {
		return out, fmt.Errorf("decode manifest: %w", err)
	}
	if out.Task != w.job.ID || out.Number != number {
		return out, errors.New("manifest of another attempt")
	}
	return out, nil
}
