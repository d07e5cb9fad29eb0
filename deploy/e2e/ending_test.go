package e2e_test

import (
	"syscall"
	"testing"
	"time"
)

// TestInterruptedDevLeavesNothingBehind is Ctrl-C with work in flight.
func TestInterruptedDevLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--gateways", "2", "--config", config(t, "latency=30s&jitter=0s", nil))
	p := newPerson(t, d, 1)
	for i := range 5 {
		p.submit(t, int64(i))
	}
	if c := d.children(); len(c) != 4 {
		t.Errorf("children of dev = %v, want two gateways, two workers", c)
	}
	code, took := d.interrupt(t)
	if code != 0 || took > drainPromise+liveWithin {
		t.Errorf("exit %d after %v, want 0 within %v", code, took, drainPromise)
	}
	if err := d.gone(liveWithin); err != nil {
		t.Error(err)
	}
	t.Logf("SIGINT with five tasks in flight: exit %d after %v", code, took.Round(time.Millisecond))
}

// TestKilledDevLeavesNoOrphan: nobody is there to stop the children.
func TestKilledDevLeavesNoOrphan(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--gateways", "2", "--config", config(t, "latency=30s&jitter=0s", nil))
	newPerson(t, d, 1).submit(t, 1)
	_ = d.cmd.Process.Signal(syscall.SIGKILL)
	begun := time.Now()
	if err := d.gone(drainPromise + 2*liveWithin); err != nil {
		t.Error(err)
	}
	t.Logf("SIGKILL of dev: children gone after %v", time.Since(begun).Round(time.Millisecond))
}
