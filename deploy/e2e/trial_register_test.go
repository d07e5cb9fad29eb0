package e2e_test

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// refusedWorker is how both sides say the true cause.
const refusedWorker = `"msg":.*fleet_token_invalid`

// TestAWorkerThatCannotRegisterSaysWhy lets a worker with a wrong token try for
// a while: both sides say the true cause,
// once, and a gateway that has heard of no worker is not ready.
func TestAWorkerThatCannotRegisterSaysWhy(t *testing.T) {
	t.Parallel()
	tr := newTrial(t, trialConfig{guess: "a-guess"})
	if err := errors.Join(tr.gateway.Start(), tr.worker.Start()); err != nil {
		t.Fatal(err)
	}
	tr.shows(t, "it is not ready for want of a worker", startPatience, func(r operator.Readiness) bool {
		return !r.Ready && r.Has(operator.CheckEngine) && !r.Has(operator.CheckWorkers)
	})
	if err := rig.Retry(t.Context(), startPatience, lookAgain, func(context.Context) error {
		if !regexp.MustCompile(refusedWorker).MatchString(logOf(tr.worker)) {
			return errors.New("the worker says nothing of its token")
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	rig.Wait(t.Context(), 2*someTime())
	says(t, tr.gateway, 0, refusedWorker)
	for _, p := range []*rig.Process{tr.gateway, tr.worker} {
		if n := len(regexp.MustCompile(refusedWorker).FindAllString(logOf(p), -1)); n > 2 {
			t.Errorf("the %s says it %d times in %v", p.Name(), n, 2*someTime())
		}
	}
	tr.quiet(t)
}
