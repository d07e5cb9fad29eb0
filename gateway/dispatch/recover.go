package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// deadWait is how long a worker that refuses connections is given to come
// back with its manifest before its call counts as unknown.
const deadWait = time.Second

// codeLost is of a call whose outcome nobody knows.
const codeLost = "stream_lost"

// attached joins the call that a record says is running: by its manifest, by
// the worker that makes it, or else with an unknown outcome.
func (f *flight) attached(ctx context.Context) (workerrpc.Outcome, error) {
	return f.recover(ctx, f.request(f.attempt, f.step(f.attempt.Provider).Timeout), f.attempt)
}

// recover finds the outcome of a call whose stream is gone: in its manifest,
// at its worker, or, when the vendor gave the work a name, by asking for that
// from another worker. It never starts a call again: what it cannot find is
// unknown.
func (f *flight) recover(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (workerrpc.Outcome, error) {
	req.AttachOnly = true
	lost := workerrpc.Outcome{Result: task.Unknown, Class: task.ClassNetwork, Code: codeLost}
	patience := a.StartedAt.Add(req.Timeout + callGrace)
	by := "attach"
	var dead time.Time // since when no worker knows of the call
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if out, err := f.manifest(ctx, a.Number); err == nil && f.believable(out) {
			return f.found("manifest", out), nil
		}
		if f.ended() || f.now().Canceling {
			signal(f.poked) // the worker may not have heard of it
		}
		out, _, err := f.stream(ctx, req, a)
		req.AttachOnly = true
		if err == nil && !f.believable(out) {
			err = fault.New(fault.AttemptUnknown)
		}
		switch {
		case err == nil:
			return f.found(by, out), nil
		case ctx.Err() != nil:
			f.abandon(ctx, a)
			return lost, context.Cause(ctx)
		case errors.Is(err, errDeposed):
			return lost, err
		case !unknownThere(err):
			dead = time.Time{}
		case dead.IsZero():
			dead = time.Now()
		}
		if !dead.IsZero() && time.Since(dead) > deadWait {
			moved, err := f.elsewhere(ctx, patience)
			switch {
			case err != nil:
				return lost, err
			case moved != nil:
				a, by, dead = *moved, "resume", time.Time{}
				req = f.request(a, req.Timeout) // not AttachOnly: to ask for the vendor's task is free
				continue
			case !f.waits(a):
				return f.found("unknown", lost), nil
			}
		}
		if time.Now().After(patience) {
			return f.found("unknown", lost), nil
		}
		if err := sleep(ctx, wait); err != nil {
			f.abandon(ctx, a)
			return lost, err
		}
	}
}

func (f *flight) found(by string, out workerrpc.Outcome) workerrpc.Outcome {
	f.metrics.recovered.WithLabelValues(by).Inc()
	f.Logger.Info("lost call found", "task", f.job.ID, "attempt", f.attempt.Number, "provider", f.attempt.Provider, "by", by,
		"resumable", f.resumable())
	return out
}

// believable reports whether an outcome can be that of the call. A worker that
// was full, or could not fetch the photo, when it was to ask for work that the
// vendor has named says truly that it sent nothing; but the one before it did.
func (f *flight) believable(out workerrpc.Outcome) bool {
	run := f.running()
	return out.Result != task.NotSent || run == nil || run.VendorTask == ""
}

// unknownThere reports whether the worker that made a call is gone, or has
// never heard of it. It may have left its manifest in its last moment.
func unknownThere(err error) bool {
	return fault.CodeOf(err) == fault.AttemptUnknown || fault.CodeOf(err) == fault.WorkerUnreachable
}

// waits reports whether the manifest of a dead worker is waited for as long
// as the call may take: fallback.unknown "wait" does that for paid calls.
func (w *walk) waits(a task.Attempt) bool {
	return a.PriceFen > 0 && w.Router.Config().Unknown == routing.UnknownWait && !w.ended()
}

// elsewhere moves a call that the vendor has a name for to another worker,
// which resumes it. It waits for one: the work is paid for, and goes on. It
// returns nil when there is no name, or no worker until patience.
func (f *flight) elsewhere(ctx context.Context, patience time.Time) (*task.Attempt, error) {
	run := f.running()
	if run == nil || !f.resumable() {
		return nil, nil
	}
	f.lead.mu.Lock()
	f.avoid[run.Worker] = true
	f.lead.mu.Unlock()
	if moved, err := f.move(ctx, patience); !moved {
		return nil, err
	}
	f.kick()
	to := f.seat.worker
	err := f.change(ctx, func(r *task.Record) error {
		at := r.Attempt(f.attempt.Number)
		if at == nil || at.Outcome != "" {
			return errDeposed
		}
		at.Worker, at.Address, at.Region = to.ID, to.Address, to.Region
		return r.To(task.Running, task.EventProgress)
	})
	if err != nil {
		return nil, err
	}
	return f.running(), nil
}

// resumable reports whether the vendor has a name for the work, and the task
// still wants it.
func (f *flight) resumable() bool {
	run := f.running()
	return run != nil && run.VendorTask != "" && !f.ended() && !f.now().Canceling
}

// move waits until the seat is at another worker, and reports false when the
// task needs it no more, when there was no worker for as long as a task may
// stall, and when patience has passed.
func (f *flight) move(ctx context.Context, patience time.Time) (moved bool, _ error) {
	f.lead.mu.Lock()
	f.moving = append(f.moving, f)
	f.lead.mu.Unlock()
	f.kick()
	defer f.stay()
	look := time.NewTimer(f.config.Stall)
	defer look.Stop()
	for {
		select {
		case <-f.moved:
			return true, nil
		case <-ctx.Done():
			f.abandon(ctx, f.attempt)
			return false, context.Cause(ctx)
		case <-f.poked:
			err := f.reload(ctx)
			switch {
			case errors.Is(err, errDeposed):
				return false, err
			case errors.Is(err, errEnded), err == nil && f.now().Canceling:
				return false, nil
			}
		case <-look.C:
			if time.Now().After(patience) || !f.somewhere() {
				return false, nil
			}
			look.Reset(f.config.Stall)
		}
	}
}

// stay takes the wish for another worker back.
func (f *flight) stay() {
	f.lead.mu.Lock()
	defer f.lead.mu.Unlock()
	f.moving = slices.DeleteFunc(f.moving, func(g *flight) bool { return g == f })
}

// somewhere reports whether a worker could resume the call, had it room.
func (f *flight) somewhere() bool {
	f.lead.mu.Lock()
	defer f.lead.mu.Unlock()
	return slices.ContainsFunc(f.slots.workers, func(w fleet.Member) bool {
		return !f.avoid[w.ID] && f.slots.serves(w, f.seat.step, need{force: true}, time.Now())
	})
}

// manifest reads the outcome that a worker left in the store.
func (w *walk) manifest(ctx context.Context, number int) (workerrpc.Outcome, error) {
	var out workerrpc.Outcome
	o, err := w.Objects.Open(ctx, manifestKey(w.now(), number))
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
