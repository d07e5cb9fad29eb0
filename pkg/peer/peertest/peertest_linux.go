package peertest

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// inside says to a process that it has a network of its own.
const inside = "IMGFLEET_TEST_OWN_NETWORK"

// Alone runs the test that calls it again, in a process with a network of its
// own, and reports whether this is that process. It needs no root. Where the
// system gives nobody a network, the test is skipped.
func Alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inside) == t.Name() { //nolint:forbidigo // it speaks to its own child
		run(t, "ip", "link", "set", "lo", "up")
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.Name()) //nolint:forbidigo // as above
	root := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	group := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, UidMappings: root, GidMappings: group, Pdeathsig: syscall.SIGKILL,
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("this system gives a process no network of its own: %v", err)
	}
	err := cmd.Wait()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out.Bytes())
	case bytes.Contains(out.Bytes(), []byte("--- SKIP")):
		t.Skipf("%s", out.Bytes())
	default:
		t.Logf("%s", out.Bytes())
	}
	return false
}

// Vanish drops all that is sent from now on, both ways, without a word to
// anybody.
func Vanish(t *testing.T) {
	t.Helper()
	run(t, "tc", "qdisc", "add", "dev", "lo", "root", "blackhole")
}

// run runs a tool of iproute2. A machine without it, or a kernel that cannot do
// what it is asked for, skips the test.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Skipf("%s: %v: %s", name, err, out)
	}
}
