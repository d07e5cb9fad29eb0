package experiment

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	floor      = 0.02        // of the sessions, for every arm
	learnEvery = time.Second // shares that changed with every task would move sessions to other arms without need
)

// Thompson shares the sessions out by what the arms have done. The share of an
// arm is the probability that it is the best, but at least floor, so that an
// arm with a bad beginning gets another chance. The order of arms is kept.
func Thompson(names []string, arms []Counts) []Share {
	free := max(0, 1-floor*float64(len(names)))
	shares := make([]Share, len(names))
	for i, p := range Best(arms) {
		shares[i] = Share{Arm: names[i], Weight: floor + free*p}
	}
	return shares
}

// divisions are the shares of the arms now, by experiment. Each gateway
// computes them from the same pages, by the same rule and with the same random
// numbers, and so gives a session the same arm.
type divisions struct {
	of sync.Map // name → division
}

// division is the shares computed from a page.
type division struct {
	asked  policy.Experiment // whose sessions are divided
	page   []byte
	shares []Share
}

// shares finds the shares of an experiment. The first caller computes them.
func (d *divisions) shares(name string, e policy.Experiment, page func() []byte) []Share {
	now, known := d.of.Load(name)
	if !known {
		p := page()
		now, _ = d.of.LoadOrStore(name, division{e, p, learn(e, p)})
	}
	return now.(division).shares
}

// learn computes the shares again when a page has changed, until ctx ends. While
// a page cannot be read, its shares stay as they are.
func (d *divisions) learn(ctx context.Context, read func(context.Context, string) (page []byte, known bool, err error)) {
	for range tick.After(ctx, learnEvery) {
		for name, last := range d.of.Range {
			now := last.(division)
			page, _, err := read(ctx, name.(string))
			if err == nil && !bytes.Equal(page, now.page) {
				d.of.Store(name, division{now.asked, page, learn(now.asked, page)})
			}
		}
	}
}

// Choose gives a session its arm of the running experiment, if any.
func (d *Desk) Choose(state *policy.State, session task.SessionID) (policy.Arm, *task.Arm) {
	return Choose(state, session, d.Shares)
}

// Shares is how the sessions of an experiment are divided now. With Thompson
// they follow the counts within about a second, and only the first caller waits
// until they are computed.
func (d *Desk) Shares(name string, e policy.Experiment) []Share {
	if e.Split != operator.SplitThompson {
		return ByWeight(name, e)
	}
	return d.divided.shares(name, e, func() []byte {
		page, _ := d.pages.Get(name)
		return page
	})
}

// learn computes the shares from a page. A damaged page gives equal shares.
func learn(e policy.Experiment, data []byte) []Share {
	p, _ := engine.ParsePage[results](data)
	names, counts := make([]string, len(e.Arms)), make([]Counts, len(e.Arms))
	for i, a := range e.Arms {
		names[i], counts[i] = a.Name, p.Sums.Arms[a.Name]
	}
	return Thompson(names, counts)
}
