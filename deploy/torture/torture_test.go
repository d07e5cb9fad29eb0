package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// TestNothingIsLostUnderFire is the short version of "make torture".
func TestNothingIsLostUnderFire(t *testing.T) {
	t.Parallel()
	c := Defaults()
	c.Tasks, c.Clients, c.Every, c.Dir, c.Rolling = 90, 8, 900*time.Millisecond, t.TempDir(), false
	c.Environ = rig.Environ(os.Environ())
	r, err := torture(t.Context(), c, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.print(t.Output()); err != nil {
		t.Error(err)
	}
	if !r.Clean() {
		t.Errorf("faults: %v", r.Faults)
	}
	if r.Gateways+r.Workers == 0 || r.Deleted == 0 || r.Refused == 0 || r.Replayed == 0 {
		t.Error("the run was too tame to prove anything")
	}
}

// TestPaidCallsSurviveKills is the short version of "make torture" with
// vendors whose own count is the truth. A call that the vendor has a name for
// is never given up, and budgets end in the middle of it.
func TestPaidCallsSurviveKills(t *testing.T) {
	t.Parallel()
	if !rig.Drives("seedream") || !rig.Drives("dashscope") {
		t.Skip("this tree lacks a vendor that is played")
	}
	c := Defaults()
	c.Tasks, c.Clients, c.Every, c.Dir, c.Vendors, c.Budgets = 48, 8, 900*time.Millisecond, t.TempDir(), true, true
	c.Environ = rig.Environ(os.Environ())
	r, err := torture(t.Context(), c, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.print(t.Output()); err != nil {
		t.Error(err)
	}
	if !r.Clean() {
		t.Errorf("faults: %v", r.Faults)
	}
	if r.Gateways+r.Workers == 0 || r.Restarts == 0 || r.Calls == 0 || r.Broke == 0 {
		t.Error("the run was too tame to prove anything")
	}
}

func TestBadFlagsAreRefusedTogether(t *testing.T) {
	t.Parallel()
	var talk strings.Builder
	code := run(t.Context(), []string{"-tasks", "0", "-kill", "everybody"}, nil, &talk, &talk)
	if code != 2 || !strings.Contains(talk.String(), "-tasks") || !strings.Contains(talk.String(), "everybody") {
		t.Errorf("exit %d: %s", code, talk.String())
	}
}
