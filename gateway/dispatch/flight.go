package dispatch

import (
	"context"
	"slices"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// flight is one call under way. A task has one, or two while it is hedged.
type flight struct {
	*walk
	attempt task.Attempt // as it was begun
	seat    *slot
	poked   chan struct{} // the record changed: read it again
	moved   chan struct{} // the seat is at another worker
	out     workerrpc.Outcome
	err     error
}

// launch starts to make a call, or with found to look for one that an earlier
// dispatcher began. The flight arrives in w.landings.
func (w *walk) launch(ctx context.Context, a task.Attempt, s *slot, found bool) {
	f := &flight{walk: w, attempt: a, seat: s, poked: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	w.mu.Lock()
	w.air = append(w.air, f)
	w.mu.Unlock()
	go func() {
		if found {
			f.out, f.err = f.attached(ctx)
		} else {
			f.out, f.err = f.call(ctx, w.request(a, s.step.Timeout))
		}
		w.landings <- f
	}()
}

// flying is how many calls are under way.
func (w *walk) flying() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.air)
}

// after gives the slot of a call back and judges what came of it.
func (w *walk) after(ctx context.Context, f *flight) (done bool, _ error) {
	w.forgo(f)
	if f.err != nil {
		w.release(f.seat)
		return true, f.err
	}
	cost := w.landed(f.seat, f.attempt, f.out)
	w.hand = append(w.hand, cost)
	if cost.Fen > 0 {
		w.metrics.fen.WithLabelValues(f.attempt.Provider, string(f.out.Result)).Add(float64(cost.Fen))
	}
	w.lands[f.attempt.Number] = f.out
	return w.judge(ctx, f)
}

func (w *walk) forgo(f *flight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.air = slices.DeleteFunc(w.air, func(g *flight) bool { return g == f })
}

// ground waits for the flights that are left when a walk breaks off: their
// context has ended, their calls go on at the workers.
func (w *walk) ground() {
	for w.flying() > 0 {
		f := <-w.landings
		w.forgo(f)
		w.release(f.seat)
	}
}

// running is the attempt of a flight as the record has it, nil when the
// record has ended without it.
func (f *flight) running() *task.Attempt {
	if a := f.now().Attempt(f.attempt.Number); a != nil && a.Outcome == "" {
		return a
	}
	return nil
}
