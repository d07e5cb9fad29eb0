package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// paidVendor is a vendor whose calls are counted, and die with their worker.
const paidVendor = "seedream"

// vendorOf starts a vendor that draws for a while.
func vendorOf(t *testing.T) (rig.Desk, []map[string]any) {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	at, err := rig.FreePorts(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	desk := rig.Desk(at[0])
	config, providers := rig.Simulated(at[0], []rig.Vendor{{
		Name: paidVendor, Kind: paidVendor, Listen: at[1], Prefix: "/api/v3", Knobs: "median=1500ms&side=320",
		Asked: map[string]any{"priceFen": 20, "timeout": "20s", "maxConcurrent": 16},
	}})
	p, err := programs.Configured(t.TempDir(), "vendors", rig.Worker, rig.Environ(os.Environ()), config, "-simulate")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if err := rig.Retry(t.Context(), startPatience, lookAgain, func(ctx context.Context) error { _, err := desk.Books(ctx); return err }); err != nil {
		t.Fatal(err)
	}
	return desk, providers
}

// inFlight waits until the vendor works at so many pictures, or at no more, and
// returns how many it was asked for in all.
func inFlight(t *testing.T, d rig.Desk, enough func(n int64) bool) (asked int64) {
	t.Helper()
	if err := rig.Retry(t.Context(), taskPatience, lookAgain, func(ctx context.Context) error {
		books, err := d.Books(ctx)
		b := books[paidVendor]
		if asked = b.Submissions; err == nil && !enough(asked-b.Billed-b.Refused) {
			err = fmt.Errorf("it draws %d", asked-b.Billed-b.Refused)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return asked
}

func several(n int64) bool { return n >= 3 }

func none(n int64) bool { return n == 0 }

func anyNumber(int64) bool { return true }

// onceEach wants one call of the vendor for each task. A task whose owner left
// before the answer came is one, too.
func onceEach(t *testing.T, d rig.Desk, accepted int) {
	t.Helper()
	all, err := d.Submissions(t.Context(), paidVendor)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]string{}
	for _, s := range all {
		of, _, _ := strings.Cut(s.Request, "-") // "<task>-<attempt>"
		calls[of] = append(calls[of], s.Request)
	}
	for of, made := range calls {
		if len(made) != 1 || of == "" {
			t.Errorf("task %q cost %d calls: %v", of, len(made), made)
		}
	}
	if len(calls) < accepted {
		t.Errorf("%d tasks were drawn of %d that were accepted", len(calls), accepted)
	}
}

// spooled is how many pictures lie in a spool.
func spooled(t *testing.T, dir string) int {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.picture"))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// TestTimedNoPictureIsPaidForTwice takes the bucket away under load, and then
// kills the worker that has the pictures. Another one at its spool stores them
// when the bucket is back. Each task has cost one call, although the operator
// allows to pay twice.
func TestTimedNoPictureIsPaidForTwice(t *testing.T) {
	t.Parallel()
	alone(t)
	if !rig.Drives(paidVendor) {
		t.Skip("its driver was deleted")
	}
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	line := enginetest.OpenLink(t, strings.TrimPrefix(s.Endpoint, "http://"))
	s.Endpoint = "http://" + line.Addr()
	desk, providers := vendorOf(t)
	spool := filepath.Join(t.TempDir(), "spool")
	tr := newTrial(t, trialConfig{
		gateway: map[string]any{
			"store": bucketOf(s), "providers": providers,
			"fallback": map[string]any{"unknown": "next", "doublePayFenPerDay": 1_000_000},
		},
		worker: map[string]any{"providers": providers},
		spool:  spool,
	})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)

	inFlight(t, desk, several)
	line.Cut()
	tr.shows(t, "without a store it is not ready", trueWithin, func(r operator.Readiness) bool { return !r.Ready && !r.Has("store") })
	before := inFlight(t, desk, none)
	rig.Wait(t.Context(), someTime())
	waiting := spooled(t, spool)
	if waiting == 0 {
		t.Error("no picture is in the spool")
	}
	if now := inFlight(t, desk, anyNumber); now != before {
		t.Errorf("without a store, %d pictures were bought", now-before)
	}
	tr.worker.Kill()
	heir := tr.another(t, spool)
	if err := heir.Start(); err != nil {
		t.Fatal(err)
	}
	rig.Wait(t.Context(), someTime())
	if now := spooled(t, spool); now != waiting {
		t.Errorf("%d pictures are in the spool of %d", now, waiting)
	}
	if now := inFlight(t, desk, anyNumber); now != before {
		t.Errorf("without a store and after a kill, %d pictures were bought", now-before)
	}

	line.Mend()
	c.works(t, "with the store again", backSoon)
	c.leave(t)
	tr.quiet(t)
	inFlight(t, desk, none)
	onceEach(t, desk, c.accepted())
	if err := rig.Retry(t.Context(), backSoon, lookAgain, func(context.Context) error {
		if n := spooled(t, spool); n != 0 {
			return fmt.Errorf("%d are left", n)
		}
		return nil
	}); err != nil {
		t.Errorf("in the spool: %v", err)
	}
	t.Logf("%d tasks, %d pictures bought, %d of them waited in the spool", c.accepted(), inFlight(t, desk, anyNumber), waiting)
}
