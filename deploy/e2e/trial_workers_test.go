package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// lostWithin is when a worker that says nothing is not believed any more.
const lostWithin = 6*time.Second + busy

// TestTimedUnderLoadWorkersThatAreAwayAreWaitedFor kills the only worker under load. Tasks
// are taken and wait, a photo cannot be judged and that is said, and a gateway
// that has heard of a worker before stays ready.
func TestTimedUnderLoadWorkersThatAreAwayAreWaitedFor(t *testing.T) {
	t.Parallel()
	alone(t)
	tr := newTrial(t, trialConfig{})
	if err := tr.gateway.Start(); err != nil {
		t.Fatal(err)
	}
	tr.shows(t, "before the first worker it is not ready for want of one", startPatience, func(r operator.Readiness) bool {
		return !r.Ready && r.Has(operator.CheckEngine) && !r.Has(operator.CheckWorkers)
	})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	s, up := c.sent(t)
	before := len(logOf(tr.gateway))
	tr.worker.Kill()
	tr.shows(t, "the loss of all workers is shown", lostWithin, func(r operator.Readiness) bool {
		return r.Ready && !r.Has(operator.CheckWorkers)
	})
	c.works(t, "without a worker", trueWithin)
	begun := time.Now()
	_, err := s.CompleteUpload(t.Context(), up.UploadID)
	if took := time.Since(begun); client.Status(err) != http.StatusServiceUnavailable || took > rig.AnswerWithin {
		t.Errorf("without a worker a photo is completed after %v: %v", took, err)
	}
	rig.Wait(t.Context(), someTime())
	if err := tr.worker.Start(); err != nil {
		t.Fatal(err)
	}
	tr.shows(t, "the return of a worker is shown", startPatience, func(r operator.Readiness) bool { return r.Has(operator.CheckWorkers) })
	if err := rig.Retry(t.Context(), backSoon, lookAgain, func(ctx context.Context) error {
		_, err := s.CompleteUpload(ctx, up.UploadID)
		return err
	}); err != nil {
		t.Errorf("with a worker again, a photo that had arrived: %v", err)
	}
	says(t, tr.gateway, before, `"workers_lost"`)
	c.leave(t)
	tr.quiet(t)
}
