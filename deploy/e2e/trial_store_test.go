package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// TestTimedUnderLoadAStoreThatIsAwayIsSaidAndForgiven cuts the line to the bucket under load,
// and then lets it swallow everything. A photo that has arrived and tasks that
// were accepted wait for it.
func TestTimedUnderLoadAStoreThatIsAwayIsSaidAndForgiven(t *testing.T) {
	t.Parallel()
	alone(t)
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	line := enginetest.OpenLink(t, strings.TrimPrefix(s.Endpoint, "http://"))
	s.Endpoint = "http://" + line.Addr()
	tr := newTrial(t, trialConfig{gateway: map[string]any{"store": bucketOf(s)}})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	for _, trouble := range []struct {
		name  string
		begin func()
	}{{"without a store", line.Cut}, {"with a store that hangs", line.Deafen}} {
		before := len(logOf(tr.gateway))
		owner, up := c.sent(t)
		trouble.begin()
		tr.shows(t, trouble.name+" it is not ready", trueWithin, func(r operator.Readiness) bool {
			return !r.Ready && r.Has(operator.CheckEngine) && !r.Has("store")
		})
		begun := time.Now()
		_, err := owner.CompleteUpload(t.Context(), up.UploadID)
		if took := time.Since(begun); client.Status(err) != http.StatusServiceUnavailable || took > rig.AnswerWithin {
			t.Errorf("%s a photo is completed after %v: %v", trouble.name, took, err)
		}
		rig.Wait(t.Context(), someTime())
		line.Mend()
		tr.becomes(t, "after it was "+trouble.name, true, backSoon)
		c.works(t, "after it was "+trouble.name, backSoon)
		if err := rig.Retry(t.Context(), backSoon, lookAgain, func(ctx context.Context) error {
			_, err := owner.CompleteUpload(ctx, up.UploadID)
			return err
		}); err != nil {
			t.Errorf("after it was %s, a photo that had arrived: %v", trouble.name, err)
		}
		says(t, tr.gateway, before, `"store_unavailable"`)
	}
	c.leave(t)
	tr.quiet(t)
}
