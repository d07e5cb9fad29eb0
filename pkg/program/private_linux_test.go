package program_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/program"
)

// privateTest tells this program to be a gateway or a worker.
const privateTest = "IMGFLEET_TEST_PRIVATE"

func TestMain(m *testing.M) {
	if os.Getenv(privateTest) == "" {
		os.Exit(m.Run())
	}
	os.Exit(program.Main(os.Environ(), func(_ context.Context, p program.Process) int {
		_, _ = io.WriteString(p.Stdout, "up\n")
		_, _ = io.Copy(io.Discard, p.Stdin)
		return 0
	}))
}

// Another program of the same user reads what /proc shows of ours.
func TestTheEnvironmentOfAProcessIsItsOwn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("there is no /proc")
	}
	binary, who := everybodys(t)
	ours := exec.CommandContext(t.Context(), binary)
	ours.Env, ours.SysProcAttr = []string{privateTest + "=s3cret"}, who
	hold, err := ours.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	says, err := ours.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ours.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); line != "up\n" {
		t.Fatalf("%q, %v", line, err)
	}
	for _, name := range []string{"environ", "mem", "maps"} {
		other := exec.CommandContext(t.Context(), "head", "-c", "4096", fmt.Sprintf("/proc/%d/%s", ours.Process.Pid, name))
		other.SysProcAttr = who
		if out, err := other.CombinedOutput(); err == nil || bytes.Contains(out, []byte("s3cret")) {
			t.Errorf("another process read %s: %q", name, out)
		}
	}
	_ = hold.Close()
	if err := ours.Wait(); err != nil {
		t.Error(err)
	}
}

// everybodys is this program, and whom to run it as: root may read everything,
// so it becomes a user without rights.
func everybodys(t *testing.T) (binary string, who *syscall.SysProcAttr) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return self, nil
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, open := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(open, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	binary = filepath.Join(dir, "program")
	if err := os.WriteFile(binary, program, 0o755); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	return binary, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}
