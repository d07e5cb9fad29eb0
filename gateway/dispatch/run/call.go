package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	callGrace   = 10 * time.Second // past the attempt's timeout: for the pictures and the manifest
	maxPicture  = 32 << 20
	maxThumb    = 1 << 20
	maxManifest = 64 << 10
)

// How the keys end of what an attempt leaves in the object store.
const (
	image    = ".jpg"
	thumb    = ".thumb.jpg"
	manifest = ".json"
)

// prefix begins the keys of all that a task leaves in the object store.
func prefix(r *task.Record) string { return fmt.Sprintf("%s/tasks/%s/", r.Session, r.ID) }

// key is where an attempt leaves something.
func key(r *task.Record, number int, what string) string {
	return fmt.Sprintf("%s%d%s", prefix(r), number, what)
}

// call is one call in flight. A task has one, or two while it is hedged.
type call struct {
	run     *Run
	attempt task.Attempt // as it was begun
	slot    *Slot
	poked   chan struct{} // the record changed: read it again
	kept    task.Kept     // where its picture is; only the goroutine of the call touches it
	out     workerrpc.Outcome
	err     error
}

// launch starts to make a call, or with found to look for one that an earlier
// leader began. The call arrives in r.done.
func (r *Run) launch(ctx context.Context, a task.Attempt, s *Slot, found bool) {
	c := &call{run: r, attempt: a, slot: s, poked: make(chan struct{}, 1), kept: a.Kept}
	r.mu.Lock()
	r.calls = append(r.calls, c)
	r.mu.Unlock()
	go func() {
		if found {
			c.out, c.err = c.recover(ctx, c.request(a, r.step(a.Provider).Timeout), a)
		} else {
			c.out, c.err = c.make(ctx, c.request(a, s.Step.Timeout))
		}
		r.done <- c
	}()
}

// inFlight is how many calls are in flight.
func (r *Run) inFlight() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.calls)
}

// remove takes a call that has ended off the list.
func (r *Run) remove(c *call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = slices.DeleteFunc(r.calls, func(other *call) bool { return other == c })
}

// after gives the slot of a call back and decides what follows.
func (r *Run) after(ctx context.Context, c *call) (done bool, _ error) {
	r.remove(c)
	if c.err != nil {
		r.port.Release(c.slot)
		return true, c.err
	}
	c.out.Number = c.attempt.Number
	c.out.Code, c.out.Message, c.out.RequestID = r.deps.Words.Code(c.out.Code), r.deps.Words.Words(c.out.Message), r.deps.Words.ID(c.out.RequestID)
	r.tell(c)
	cost := r.port.Ended(r.job, c.slot, c.attempt.StartedAt, c.out, price(c.attempt, c.out))
	r.spent = append(r.spent, cost)
	if cost.Fen > 0 {
		r.deps.Metrics.fen.WithLabelValues(c.attempt.Provider, string(c.out.Result)).Add(float64(cost.Fen))
	}
	r.outcomes[c.attempt.Number] = c.out
	return r.decide(ctx, c)
}

// tell logs a call that gave no picture, as its vendor put it.
func (r *Run) tell(c *call) {
	if c.out.Result == task.OK {
		return
	}
	a := c.attempt
	r.log.Info("attempt failed", "task", r.job.ID, "attempt", a.Number, "provider", a.Provider, "worker", a.Worker, "outcome", string(c.out.Result),
		"class", string(c.out.Class), "code", c.out.Code, "message", c.out.Message, "vendor_request_id", c.out.RequestID)
}

// leaveCalls waits for the calls that are left when a run breaks off: their
// context has ended, the workers go on with them.
func (r *Run) leaveCalls() {
	for r.inFlight() > 0 {
		c := <-r.done
		r.remove(c)
		r.port.Release(c.slot)
	}
}

// running is the call's attempt as the record has it, nil when the record has
// ended without it.
func (c *call) running() *task.Attempt {
	if a := c.run.record.now().Attempt(c.attempt.Number); a != nil && a.Outcome == "" {
		return a
	}
	return nil
}

// request is what the worker is told. Its URLs outlive the attempt a little, and
// those of the picture outlive the task: it is stored as long as that waits.
func (c *call) request(a task.Attempt, timeout time.Duration) workerrpc.Attempt {
	j, rec, store := c.run.job, c.run.record.now(), c.run.deps.Objects
	until := a.StartedAt.Add(timeout + 2*callGrace)
	put := until
	if last := j.Deadline.Add(callGrace); last.After(put) {
		put = last
	}
	return workerrpc.Attempt{
		Task: j.ID, Session: j.Session, Number: a.Number, Provider: a.Provider, Timeout: timeout,
		PhotoURL:    store.WorkerGetURL(j.PhotoKey, until),
		ImageURL:    store.WorkerPutURL(key(rec, a.Number, image), "image/jpeg", maxPicture, put),
		ThumbURL:    store.WorkerPutURL(key(rec, a.Number, thumb), "image/jpeg", maxThumb, put),
		ManifestURL: store.WorkerPutURL(key(rec, a.Number, manifest), "application/json", maxManifest, put),
		Style:       j.Style, Place: j.Place, Options: j.Options, Seed: j.Seed, VendorTask: a.VendorTask,
		PhotoWidth: j.PhotoWidth, PhotoHeight: j.PhotoHeight, BrandMark: j.BrandMark, RequestID: j.RequestID,
		StoreWithin: max(time.Millisecond, c.run.deps.until(j.Deadline)),
	}
}

// make makes the call and follows it to its outcome. A lost stream is
// recovered; only the end of ctx leaves without an outcome.
func (c *call) make(ctx context.Context, req workerrpc.Attempt) (workerrpc.Outcome, error) {
	a, log := c.attempt, c.run.log
	out, begun, err := c.stream(ctx, req, a)
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		c.abandon(ctx, a)
		return out, context.Cause(ctx)
	case errors.Is(err, errDeposed):
		return out, err
	case !begun && workerrpc.Refused(fault.CodeOf(err)):
		if c.run.deps.Untaken.Worth(a.Worker) {
			log.Warn("worker did not take the attempt", "task", c.run.job.ID, "worker", a.Worker, "err", err)
		}
		return workerrpc.Outcome{Result: task.NotSent, Class: task.ClassNetwork, Code: string(fault.CodeOf(err))}, nil
	}
	log.Warn("stream lost", "task", c.run.job.ID, "attempt", a.Number, "worker", a.Worker, "err", err)
	return c.recover(ctx, req, a)
}

// abandon cancels the call of a task whose own time is over. When we are only
// stopping, the call goes on and the next leader attaches to it.
func (c *call) abandon(ctx context.Context, a task.Attempt) {
	if !errors.Is(context.Cause(ctx), errDeadline) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_ = c.run.deps.Caller.Cancel(ctx, a.Address, c.run.job.ID, a.Number)
}
