package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

// diskBytes is the size of the disk. The embedded engine allocates some of it.
const diskBytes = 192 << 20

// TestTimedUnderLoadAFullDiskIsSaidAndForgiven fills the disk of a gateway that has
// everything inside, under load, and makes room again.
func TestTimedUnderLoadAFullDiskIsSaidAndForgiven(t *testing.T) {
	t.Parallel()
	alone(t)
	disk := enginetest.OpenDisk(t, diskBytes)
	tr := newTrial(t, trialConfig{data: filepath.Join(disk.Dir, "data"), gateway: map[string]any{
		"store": map[string]any{"kind": "disk", "minFree": "4MiB"},
	}})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	for _, time := range []string{"first", "second"} {
		before, refused := len(logOf(tr.gateway)), c.refusals()
		ballast := filepath.Join(disk.Dir, "ballast")
		fill(t, ballast)
		tr.becomes(t, "on a full disk, the "+time+" time,", false, trueWithin)
		rig.Wait(t.Context(), someTime())
		if !tr.gateway.Running() {
			t.Fatal("the gateway ended on a full disk")
		}
		if c.refusals() == refused {
			t.Error("nobody was refused")
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		tr.becomes(t, "with room again, the "+time+" time,", true, backSoon)
		c.works(t, "with room again", backSoon)
		says(t, tr.gateway, before, "store.minFree|no space left")
	}
	c.leave(t)
	tr.quiet(t)
}

// fill writes until nothing fits any more, whoever else writes meanwhile.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
