package experiment

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	floor      = 0.02        // of the sessions, for every arm
	learnEvery = time.Second // at most: shares that change with every task would move sessions for nothing
	listenWait = time.Second
)

// Thompson divides the sessions by what the arms have shown: each gets as many
// as it is probably the best, but never less than floor, so that an arm with a
// bad beginning is heard again. Arms are taken in their order.
func Thompson(names []string, arms []Counts) []Share {
	free := max(0, 1-floor*float64(len(names)))
	shares := make([]Share, len(names))
	for i, p := range Best(arms) {
		shares[i] = Share{Arm: names[i], Weight: floor + free*p}
	}
	return shares
}

// mirror is what all gateways have written. Each computes the shares from it,
// by the same rule and the same chances, and so gives a session the same arm.
type mirror struct {
	mu    sync.Mutex
	books map[string]*told
}

// told is a book as last heard of, and the shares made from an earlier one.
type told struct {
	book    []byte
	stale   bool
	learned time.Time
	shares  []Share
}

func (m *mirror) hear(e engine.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.books[e.Key] == nil {
		m.books[e.Key] = new(told)
	}
	m.books[e.Key].book, m.books[e.Key].stale = e.Value, true
}

// aged are the books with ids of jobs that will not come again: those of a
// gateway that was killed, in an experiment in which nothing happens any more.
func (m *mirror) aged(now time.Time) (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, t := range m.books {
		b, err := readBook(t.book)
		if err != nil {
			continue
		}
		for _, at := range b.Open {
			if now.Sub(time.Unix(at, 0)) > deskOpen {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

// listen keeps the mirror until ctx ends.
func (d *Desk) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.bucket.Watch(ctx, ">", func(e engine.Entry) {
			if e.Key != "" && !e.Deleted {
				d.told.hear(e)
			}
		})
		if ctx.Err() != nil {
			return
		}
		d.log.Warn("lost sight of experiments", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenWait):
		}
	}
}

// Choose gives a session its arm of the running experiment, if any.
func (d *Desk) Choose(state *policy.State, session task.SessionID) (policy.Arm, *task.Arm) {
	return Choose(state, session, d.Shares)
}

// Shares is how an experiment's sessions are divided now. With Thompson they
// are at most a second older than the books.
func (d *Desk) Shares(name string, e policy.Experiment) []Share {
	if e.Split != policy.Thompson {
		return ByWeight(name, e)
	}
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	t := d.told.books[name]
	if t == nil { // nothing was counted yet
		t = &told{stale: true}
		d.told.books[name] = t
	}
	if t.stale && time.Since(t.learned) >= learnEvery {
		t.learn(e)
	}
	return t.shares
}

// learn computes the shares anew. A book that cannot be read changes nothing.
func (t *told) learn(e policy.Experiment) {
	b, err := readBook(t.book)
	if err != nil && t.shares != nil {
		return
	}
	names, counts := make([]string, len(e.Arms)), make([]Counts, len(e.Arms))
	for i, a := range e.Arms {
		names[i], counts[i] = a.Name, b.Arms[a.Name]
	}
	t.shares, t.stale, t.learned = Thompson(names, counts), false, time.Now()
}
