package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// moment is when something happens to a task.
type moment int

const (
	never moment = iota
	atOnce
	whileRunning
	atEnd
)

type reuse int

const (
	reuseNot reuse = iota
	reuseEarly
	reuseLate
)

// fate is what will happen to a task, drawn from the seed.
type fate struct {
	lose       bool // its first answer
	common     bool // it asks for the same as others
	cancel     moment
	remove     moment
	reuse      reuse
	other      bool // its key is used for another request
	claim      bool // its key is used again after its deletion
	regenerate bool
}

func draw(r *rand.Rand) fate {
	percent := func(p int) bool { return r.IntN(100) < p }
	f := fate{lose: percent(10), common: percent(4), other: percent(6), claim: percent(60), regenerate: percent(4)}
	if percent(8) {
		f.cancel = []moment{atOnce, whileRunning}[r.IntN(2)]
	}
	if percent(12) {
		f.remove = []moment{atOnce, whileRunning, atEnd}[r.IntN(3)]
	}
	if percent(12) {
		f.reuse = []reuse{reuseEarly, reuseLate}[r.IntN(2)]
	}
	return f
}

// await returns when the moment has come or can no longer come.
func (p *person) await(ctx context.Context, e *entry, m moment) {
	var started <-chan struct{}
	switch m {
	case whileRunning:
		started = e.started
	case atEnd:
	default:
		return
	}
	select {
	case <-started:
	case <-e.ended:
	case <-ctx.Done():
	}
}

// reuse sends the same request again: the same task answers.
func (p *person) reuse(ctx context.Context, e *entry) {
	got, err := e.again(ctx, false)
	switch {
	case err != nil:
		p.unanswered("same key", e.id, err)
	case got.TaskID != e.id:
		p.book.fault(surprise, 1, e.id, "the same request made another task, %s", got.TaskID)
	case !got.Replayed:
		p.book.fault(surprise, 1, e.id, "a repeated request does not say Idempotency-Replayed")
	default:
		p.book.replayed.Add(1)
	}
}

// misuse sends another request under the same key: it is refused.
func (p *person) misuse(ctx context.Context, e *entry) {
	got, err := e.again(ctx, true)
	switch {
	case client.Code(err) == fault.IdempotencyMismatch && client.Status(err) == http.StatusUnprocessableEntity:
		p.book.refused.Add(1)
	case err != nil:
		p.unanswered("same key, other request", e.id, err)
	default:
		p.book.fault(surprise, 1, e.id, "another request under the same key was answered with %s", got.TaskID)
	}
}

// cancel cancels the task, which may have ended before.
func (p *person) cancel(ctx context.Context, e *entry) {
	_, err := e.session.Cancel(ctx, e.id)
	e.mu.Lock()
	e.canceled = true
	over := e.trail.terminal != ""
	e.mu.Unlock()
	switch {
	case err == nil:
		p.book.canceled.Add(1)
	case client.Status(err) == http.StatusConflict:
		if !over { // the end must be on its way then
			p.await(ctx, e, atEnd)
		}
	default:
		p.unanswered("cancel", e.id, err)
	}
}

// remove deletes the task, looks for it, and tries its key.
func (p *person) remove(ctx context.Context, e *entry, f fate) {
	e.mu.Lock()
	e.condemn = true
	e.mu.Unlock()
	// A repeated deletion whose first answer was lost answers 404.
	if _, err := e.session.Delete(ctx, e.id); err != nil && client.Status(err) != http.StatusNotFound {
		p.unanswered("delete", e.id, err)
		return
	}
	e.mu.Lock()
	e.deleted = time.Now()
	e.mu.Unlock()
	p.book.deleted.Add(1)
	p.stayGone(ctx, e)
	if f.claim {
		p.claim(ctx, e)
	}
}

// stayGone checks that a deleted task is not found.
func (p *person) stayGone(ctx context.Context, e *entry) {
	got, err := e.session.Get(ctx, e.id)
	switch {
	case err == nil:
		p.book.fault(resurrected, 1, e.id, "it answers as %s %d after its deletion", got.State, got.Version)
	case client.Status(err) != http.StatusNotFound:
		p.unanswered("get after delete", e.id, err)
	}
}

// claim sends a request with the key of a deleted task: it is refused.
func (p *person) claim(ctx context.Context, e *entry) {
	got, err := e.again(ctx, false)
	switch {
	case client.Code(err) == fault.TaskDeleted && client.Status(err) == http.StatusConflict:
		p.book.refused.Add(1)
	case err != nil:
		p.unanswered("key of a deleted task", e.id, err)
	default:
		p.book.fault(resurrected, 1, e.id, "its key answers %s in state %s", got.TaskID, got.State)
	}
}

// regenerate asks for another picture and sees that one to its end too.
func (p *person) regenerate(ctx context.Context, e *entry, r *rand.Rand) {
	if e.condemned() {
		return
	}
	again := client.Again{Key: e.key + "-again"}
	got, err := e.session.Regenerate(ctx, e.id, again)
	if err != nil {
		p.unanswered("regenerate", e.id, err)
		return
	}
	p.book.submitted.Add(1)
	next := p.book.accept(&entry{session: p.session, id: got.TaskID, key: again.Key, again: func(ctx context.Context, other bool) (client.Task, error) {
		a := again
		if other {
			a.Options = &task.Options{Steps: 7}
		}
		return e.session.Regenerate(ctx, e.id, a)
	}})
	p.see(ctx, next, fate{reuse: reuseLate, other: true}, r)
}
