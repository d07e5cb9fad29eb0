package readiness

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Need says what a gateway is without the thing that is checked.
type Need uint8

const (
	// Always makes a gateway not ready whenever the check fails.
	Always Need = iota
	// AtFirst makes a gateway not ready until the check was good once. Later
	// its failure is shown, and the gateway stays ready: what is accepted waits.
	AtFirst
)

// Check is one thing that a gateway works with. Probe says what is wrong with
// it now. It should end with its context; one that does not is not asked again
// before it has ended.
type Check struct {
	Name  string
	Need  Need
	Probe func(context.Context) error
}

var errSilent = errors.New("no answer")

// watch is a check and what is known of it. Only one round at a time uses it.
type watch struct {
	Check

	answers chan error // of the probe that runs; nil when none does
	seen    bool       // it was good once
	err     error      // what the last round found
}

// ask probes, for so long at most. The probe itself has a little less, so that
// it can say what it waited for.
func (w *watch) ask(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if len(w.answers) > 0 { // of an earlier round, which was not waited for
		w.answers = nil
	}
	if w.answers == nil {
		answers := make(chan error, 1)
		w.answers = answers
		go func() {
			ctx, cancel := context.WithTimeout(ctx, within*9/10)
			defer cancel()
			answers <- w.Probe(ctx)
		}()
	}
	select {
	case err := <-w.answers:
		w.answers = nil
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w within %v", errSilent, within)
	}
}

// result takes in what a round found.
func (w *watch) result() Result {
	if w.err != nil {
		return Result{Name: w.Name, Detail: w.err.Error()}
	}
	return Result{Name: w.Name, OK: true}
}

// gates reports whether the gateway is not ready because of this check.
func (w *watch) gates() bool { return w.err != nil && (w.Need == Always || !w.seen) }
