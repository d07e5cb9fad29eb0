package run

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
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	// deadWait is how long a worker that refuses connections is given to come
	// back with its manifest before its call counts as unknown.
	deadWait = time.Second
	// spoolWait is the same for one that died with the picture in its spool: a
	// supervisor starts it again.
	spoolWait = 30 * time.Second
)

// recover finds the outcome of a call whose stream is gone: in its manifest,
// at its worker, at the one that has its picture in its spool now, or, when the
// vendor gave the work a name, by asking for that from another worker. It never
// starts a call again: what it cannot find is unknown.
func (c *call) recover(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (workerrpc.Outcome, error) {
	req.AttachOnly = true
	r, by := c.run, "attach"
	lost := workerrpc.Outcome{Result: task.Unknown, Class: task.ClassNetwork, Code: workerrpc.StreamLost}
	var dead time.Time // since when no worker knows of the call
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if out, err := r.manifest(ctx, a.Number); err == nil && c.believable(out) {
			return c.found("manifest", out), nil
		}
		if r.record.ended() || r.record.now().Canceling {
			tick.Wake(c.poked) // the worker may not have heard of it
		}
		out, _, err := c.stream(ctx, req, a)
		req.AttachOnly = true
		if err == nil && !c.believable(out) {
			err = fault.New(fault.AttemptUnknown)
		}
		switch {
		case err == nil:
			return c.found(by, out), nil
		case ctx.Err() != nil:
			c.abandon(ctx, a)
			return lost, context.Cause(ctx)
		case errors.Is(err, errDeposed):
			return lost, err
		case !unknownThere(err):
			dead = time.Time{}
		case dead.IsZero():
			dead = r.deps.Now()
		}
		patience := c.patience(a, req.Timeout)
		if !dead.IsZero() {
			moved, err := c.toHolder(ctx)
			if err != nil {
				return lost, err
			}
			if moved != nil {
				a, by, dead = *moved, "spool", time.Time{}
				continue
			}
		}
		if !dead.IsZero() && r.deps.since(dead) > deadWait {
			moved, err := c.elsewhere(ctx, patience)
			switch {
			case err != nil:
				return lost, err
			case moved != nil:
				a, by, dead = *moved, "resume", time.Time{}
				req = c.request(a, req.Timeout) // not AttachOnly: to ask for the vendor's task is free
				continue
			case !r.waits(a) && !c.comesBack(dead):
				return c.found("unknown", lost), nil
			}
		}
		if r.deps.Now().After(patience) {
			return c.found("unknown", lost), nil
		}
		if err := sleep(ctx, wait); err != nil {
			c.abandon(ctx, a)
			return lost, err
		}
	}
}

// patience is until when a call may take: the time of the call, or that of the
// task once the picture is made.
func (c *call) patience(a task.Attempt, timeout time.Duration) time.Time {
	if c.kept != task.KeptNowhere {
		return c.run.job.Deadline
	}
	return a.StartedAt.Add(timeout + callGrace)
}

// wanted reports whether the task still waits for the call.
func (c *call) wanted() bool {
	return c.running() != nil && !c.run.record.ended() && !c.run.record.now().Canceling
}

// comesBack reports whether a worker that died with the picture in its spool is
// still waited for.
func (c *call) comesBack(dead time.Time) bool {
	return c.kept == task.KeptSpool && c.wanted() && c.run.deps.since(dead) < spoolWait
}

// toHolder moves a call to the worker that says that it has the picture; nil
// when there is none.
func (c *call) toHolder(ctx context.Context) (*task.Attempt, error) {
	if !c.wanted() || !c.run.port.ToHolder(c.slot, c.run.job.ID, c.attempt.Number) {
		return nil, nil //nolint:nilnil // neither is a failure
	}
	return c.moved(ctx)
}

func (c *call) found(by string, out workerrpc.Outcome) workerrpc.Outcome {
	c.run.deps.Metrics.recovered.WithLabelValues(by).Inc()
	c.run.log.Info("lost call found", "task", c.run.job.ID, "attempt", c.attempt.Number, "provider", c.attempt.Provider, "by", by,
		"resumable", c.resumable())
	return out
}

// believable reports whether an outcome can be that of the call. A worker that
// was full, or could not fetch the photo, when it was to ask for work that the
// vendor has named says truly that it sent nothing; but the one before it did.
func (c *call) believable(out workerrpc.Outcome) bool {
	a := c.running()
	return out.Result != task.NotSent || a == nil || a.VendorTask == ""
}

// unknownThere reports whether the worker that made a call is gone, or has
// never heard of it. It may have left its manifest in its last moment.
func unknownThere(err error) bool {
	return fault.CodeOf(err) == fault.AttemptUnknown || fault.CodeOf(err) == fault.WorkerUnreachable
}

// waits reports whether the manifest of a dead worker is waited for as long
// as the call may take: fallback.unknown "wait" does that for paid calls.
func (r *Run) waits(a task.Attempt) bool {
	return a.PriceFen > 0 && r.deps.Router.Config().Unknown == routing.UnknownWait && !r.record.ended()
}

// elsewhere moves a call that the vendor has a name for to another worker,
// which resumes it. It waits for one: the work is paid for, and goes on. It
// returns nil when there is no name, or no worker until patience.
func (c *call) elsewhere(ctx context.Context, patience time.Time) (*task.Attempt, error) {
	a := c.running()
	if a == nil || !c.resumable() {
		return nil, nil
	}
	c.run.avoidWorker(a.Worker)
	if moved, err := c.move(ctx, patience); !moved {
		return nil, err
	}
	return c.moved(ctx)
}

// moved writes which worker has the call now.
func (c *call) moved(ctx context.Context) (*task.Attempt, error) {
	err := c.run.record.change(ctx, func(rec *task.Record) error {
		at := rec.Attempt(c.attempt.Number)
		if at == nil || at.Outcome != "" {
			return errDeposed
		}
		at.Worker, at.Address, at.Region = c.slot.Worker, c.slot.Address, c.slot.Region
		return rec.To(task.Running, task.EventProgress)
	})
	if err != nil {
		return nil, err
	}
	return c.running(), nil
}

// resumable reports whether the vendor has a name for the work, and the task
// still wants it.
func (c *call) resumable() bool {
	a := c.running()
	return a != nil && a.VendorTask != "" && !c.run.record.ended() && !c.run.record.now().Canceling
}

// move waits until the slot is at another worker, and reports false when the
// task needs it no more, when there was no worker for as long as a task may
// stall, and when patience has passed.
func (c *call) move(ctx context.Context, patience time.Time) (moved bool, _ error) {
	r := c.run
	w := &SlotRequest{Job: r.job, Move: c.slot, Avoid: r.avoided(), Answer: make(chan *Slot, 1)}
	r.port.Ask(w)
	defer r.port.Forget(w)
	look := time.After(r.deps.Stall)
	for {
		select {
		case <-w.Answer:
			return true, nil
		case <-ctx.Done():
			c.abandon(ctx, c.attempt)
			return false, context.Cause(ctx)
		case <-c.poked:
			err := r.record.reload(ctx)
			switch {
			case errors.Is(err, errDeposed):
				return false, err
			case errors.Is(err, errEnded), err == nil && r.record.now().Canceling:
				return false, nil
			}
		case <-look:
			if r.deps.Now().After(patience) || !r.port.Movable(c.slot, w.Avoid) {
				return false, nil
			}
			look = time.After(r.deps.Stall)
		}
	}
}

// manifest reads the outcome that a worker left in the store.
func (r *Run) manifest(ctx context.Context, number int) (workerrpc.Outcome, error) {
	var out workerrpc.Outcome
	o, err := r.deps.Objects.Open(ctx, key(r.record.now(), number, manifest))
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
	if out.Task != r.job.ID || out.Number != number {
		return out, errors.New("manifest of another attempt")
	}
	return out, nil
}
