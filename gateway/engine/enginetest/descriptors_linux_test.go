package enginetest_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	fewDescriptors = 256
	inAChild       = "ENGINETEST_CHILD" // with few descriptors
)

// The limit is the whole process's, so this runs in one of its own.
func TestAStreamThatHadNoDescriptorIsOpenedAgain(t *testing.T) {
	t.Parallel()
	if os.Getenv(inAChild) == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), inAChild+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: fewDescriptors, Max: fewDescriptors}); err != nil {
		t.Fatal(err)
	}
	a := attend(t, t.TempDir())
	soon(t, "ready", a.ready(t.Context()))
	flooded := make(chan uint64)
	connected, full := make(chan struct{}), make(chan struct{})
	go func() { flooded <- floodAfter(t, a.ClientURL(), func() { close(connected); <-full }) }()
	<-connected
	open := hoard(t)
	close(full)
	soon(t, "no new work is taken", func() bool { return code(a.Accepts()) == fault.EngineUnavailable })
	stored := <-flooded
	if err := a.probe.Check(t.Context()); err == nil {
		t.Error("ready without descriptors")
	}
	for _, f := range open {
		_ = f.Close()
	}
	soon(t, "ready again", a.ready(t.Context()))
	ack, err := a.JetStream().Publish(t.Context(), "kept.a", nil)
	if err != nil || ack.Sequence <= stored { // one that was stored may not have been acknowledged
		t.Errorf("published as %+v, %v; %d were acknowledged before", ack, err, stored)
	}
	soon(t, "it is told", func() bool { return strings.Contains(a.log.String(), "engine is opened again") })
}

// hoard takes every descriptor that is left.
func hoard(t *testing.T) (open []*os.File) {
	t.Helper()
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return open
		}
		open = append(open, f)
	}
}
