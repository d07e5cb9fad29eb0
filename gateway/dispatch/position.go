package dispatch

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	// announceAfter spares short waits the noise of queue events.
	announceAfter = 500 * time.Millisecond
	// announceMost bounds the writes of one tick.
	announceMost = 32
)

// tick tells the gateways the load and the waiting their new positions, and
// ends those that waited too long or that nobody can pay for. It runs in the placing goroutine, so no
// task starts while its position is being written.
func (l *lead) tick(ctx context.Context) {
	l.mu.Lock()
	l.service.summarise()
	load := l.loadLocked()
	l.metrics.waiting.Set(float64(load.Waiting))
	l.metrics.running.Set(float64(load.Running))
	l.metrics.capacity.Set(float64(load.Capacity))
	now := time.Now()
	var tell []*item
	for i, it := range l.waiting.Ranked() {
		switch {
		case now.After(it.lease.Job.Deadline), l.broke(it.lease.Job, 0):
			l.waiting.Remove(it.turn(), it)
			l.start(ctx, it, nil)
		case now.Sub(it.entered) >= announceAfter && len(tell) < announceMost && worthTelling(it.announced, i+1):
			it.announced, it.telling = i+1, true
			tell = append(tell, it)
		}
	}
	l.mu.Unlock()
	if err := l.Queue.PublishLoad(load); err != nil {
		l.Logger.Warn("load not told", "err", err)
	}
	for _, it := range tell {
		l.tell(ctx, it, load.Position(it.announced))
	}
}

// worthTelling follows the contract: when the position has halved and at each
// step below ten. A position that grew, because others had their fair turn
// first, is not news anybody wants.
func worthTelling(told, now int) bool {
	return now*2 <= told || (now < 10 && now < told)
}

// tell writes one queue event. When the record was changed by somebody else,
// the task's walk finds out what happened. When the engine did not answer the
// task keeps its place; should the event have been written after all, the
// next write finds that out.
func (l *lead) tell(ctx context.Context, it *item, p task.Position) {
	next := clone(it.rec)
	next.Queue = &p
	err := next.To(task.Queued, task.EventQueued)
	var rev uint64
	if err == nil {
		rev, err = l.Queue.Write(ctx, next, it.rev)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	it.telling = false
	if err == nil {
		it.rec, it.rev = next, rev
	}
	if (it.poked || (err != nil && fault.KindOf(err) == fault.Conflict)) && l.waiting.Remove(it.turn(), it) {
		l.start(ctx, it, nil)
		it.walk.nudge()
	}
}
