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
	learnEvery = time.Second // shares that change with every task would move sessions for nothing
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
	book   []byte
	stale  bool
	asked  policy.Experiment // whose sessions are divided
	shares []Share           // nil: nobody has asked
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
// are about a second older than the books, and nobody waits for them but the
// first who asks.
func (d *Desk) Shares(name string, e policy.Experiment) []Share {
	if e.Split != policy.Thompson {
		return ByWeight(name, e)
	}
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	t := d.told.books[name]
	if t == nil { // nothing was counted yet
		t = new(told)
		d.told.books[name] = t
	}
	if t.shares == nil {
		t.asked, t.stale = e, false
		t.shares = learn(e, t.book)
	}
	return t.shares
}

// learnAll computes shares anew until ctx ends.
func (d *Desk) learnAll(ctx context.Context) {
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for name, t := range d.told.news() {
			shares := learn(t.asked, t.book)
			d.told.mu.Lock()
			d.told.books[name].shares = shares
			d.told.mu.Unlock()
		}
	}
}

// news are the books that somebody divides by and that have changed.
func (m *mirror) news() map[string]told {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]told)
	for name, t := range m.books {
		if t.stale && t.shares != nil {
			t.stale = false
			out[name] = *t
		}
	}
	return out
}

// learn makes the shares of a book, and equal ones of one that is damaged.
func learn(e policy.Experiment, data []byte) []Share {
	b, _ := readBook(data)
	names, counts := make([]string, len(e.Arms)), make([]Counts, len(e.Arms))
	for i, a := range e.Arms {
		names[i], counts[i] = a.Name, b.Arms[a.Name]
	}
	return Thompson(names, counts)
}
