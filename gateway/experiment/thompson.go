package experiment

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	floor      = 0.02        // of the sessions, for every arm
	learnEvery = time.Second // shares that change with every task would move sessions for nothing
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

// divisions are how the sessions of experiments are divided now. Each gateway
// computes them from what all have written, by the same rule and the same
// chances, and so gives a session the same arm.
type divisions struct {
	mu sync.Mutex
	of map[string]division
}

// division is the shares made from a book.
type division struct {
	asked  policy.Experiment // whose sessions are divided
	book   []byte
	shares []Share
}

// first finds the shares of a book; who asks first makes them.
func (d *divisions) first(name string, e policy.Experiment, book func() []byte) []Share {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, known := d.of[name]
	if !known {
		now = division{asked: e, book: book()}
		now.shares = learn(e, now.book)
		d.of[name] = now
	}
	return now.shares
}

// learn computes the shares of books that have changed anew until ctx ends.
// Books that cannot be read keep their shares.
func (d *divisions) learn(ctx context.Context, read func(context.Context, string) (book []byte, known bool, err error)) {
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for name, now := range d.all() {
			book, _, err := read(ctx, name)
			if err == nil && !bytes.Equal(book, now.book) {
				now.book, now.shares = book, learn(now.asked, book)
				d.set(name, now)
			}
		}
	}
}

func (d *divisions) all() map[string]division {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.of)
}

func (d *divisions) set(name string, now division) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.of[name] = now
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
	return d.divided.first(name, e, func() []byte {
		book, _ := d.pages.Get(name)
		return book
	})
}

// learn makes the shares of a book, and equal ones of one that is damaged.
func learn(e policy.Experiment, data []byte) []Share {
	p, _ := engine.ParsePage[results](data)
	names, counts := make([]string, len(e.Arms)), make([]Counts, len(e.Arms))
	for i, a := range e.Arms {
		names[i], counts[i] = a.Name, p.Sums.Arms[a.Name]
	}
	return Thompson(names, counts)
}
