package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const (
	startPatience = 60 * time.Second
	drainPromise  = 10 * time.Second // of the contract
	liveWithin    = time.Second      // an operator's change, on every gateway
)

// built are the programs, compiled once for all tests of this binary.
var built = sync.OnceValues(func() (rig.Programs, error) { //nolint:gochecknoglobals // compiled once
	dir, err := os.MkdirTemp("", "imgfleet-e2e-") // it outlives the test that comes first
	if err != nil {
		return rig.Programs{}, err
	}
	return rig.Build(context.Background(), dir, rig.Gateway, rig.Worker, rig.Imgctl)
})

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := built(); err == nil {
		_ = os.RemoveAll(p.Dir())
	}
	os.Exit(code)
}

// dev is a running "imgctl dev".
type dev struct {
	programs rig.Programs
	cmd      *exec.Cmd
	done     chan struct{}
	err      error // of the end, once done is closed
	data     string
	log      *lockedBuffer
	home     string // of imgctl
	public   []string
	admin    string
}

// lockedBuffer collects the standard error of a running process.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// config is the file given to dev: limits that one address does not reach in
// a test, and a mock of the given model.
func config(t *testing.T, model string, more map[string]any) string {
	t.Helper()
	doc := map[string]any{
		"limits": map[string]any{"sessionPerMinute": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0, "sessionDaily": 1000, "sessionActive": 0},
		"providers": []map[string]any{
			{"name": "mock", "kind": "mock", "model": model},
			{"name": "broken", "kind": "mock", "model": "latency=50ms&fail=1&class=content", "weight": 0},
		},
		"log": map[string]any{"format": "json"},
	}
	for k, v := range more {
		doc[k] = v
	}
	data, err := json.Marshal(doc) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "imgfleet.yaml")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs dev for itself: it leaves the contexts of imgctl alone.
func start(t *testing.T, data string, args ...string) *dev {
	t.Helper()
	return launch(t, data, append([]string{"--no-context"}, args...)...)
}

// playable skips a test whose vendors were deleted from the tree.
func playable(t *testing.T, args []string) {
	t.Helper()
	for i, arg := range args {
		if arg != "--simulate" {
			continue
		}
		for v := range strings.SplitSeq(args[i+1], ",") {
			if kind, _, _ := strings.Cut(v, "?"); !rig.Drives(kind) {
				t.Skipf("this tree has no vendor %s", kind)
			}
		}
	}
}

// launch runs dev on free ports over data and waits for its ready line. It is
// ended with the test.
func launch(t *testing.T, data string, args ...string) *dev {
	t.Helper()
	playable(t, args)
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := rig.FreePorts(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	d := &dev{programs: programs, data: data, done: make(chan struct{}), log: new(lockedBuffer), home: t.TempDir()}
	args = append([]string{"dev", "--http", ports[0], "--admin", ports[1], "--data", data}, args...)
	d.cmd = exec.Command(programs.Path(rig.Imgctl), args...) // ended by the cleanup, in peace if possible
	d.cmd.Env = d.environ()
	d.cmd.Stderr = d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.finish(t) })
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if line := lines.Text(); strings.HasPrefix(line, "ready ") {
				ready <- line
			}
		}
		d.err = d.cmd.Wait()
		close(d.done)
	}()
	select {
	case line := <-ready:
		d.learn(t, line)
	case <-d.done:
		t.Fatalf("dev ended before it was ready: %v\n%s", d.err, tail(d.log.String()))
	case <-time.After(startPatience):
		t.Fatalf("dev was not ready in %v\n%s", startPatience, tail(d.log.String()))
	}
	return d
}

func (d *dev) environ() []string {
	env := []string{"XDG_CONFIG_HOME=" + d.home, "HOME=" + d.home}
	for _, name := range []string{"PATH", "TMPDIR"} {
		env = append(env, name+"="+os.Getenv(name))
	}
	return env
}

var (
	readyLine = regexp.MustCompile(`^ready (http://[0-9a-z.:]+) admin (http://[0-9a-z.:]+)$`)
	serves    = regexp.MustCompile(`gateway serves.*?"?http"?[=:]"?([0-9.]+:[0-9]+)`)
)

// learn reads the addresses: of the first gateway from the ready line, of the
// others from the log.
func (d *dev) learn(t *testing.T, line string) {
	t.Helper()
	m := readyLine.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("ready line is %q", line)
	}
	d.public, d.admin = []string{m[1]}, m[2]
	for _, s := range serves.FindAllStringSubmatch(d.log.String(), -1) {
		if u := "http://" + s[1]; u != m[1] {
			d.public = append(d.public, u)
		}
	}
}

func tail(s string) string {
	if len(s) > 6000 {
		return "…" + s[len(s)-6000:]
	}
	return s
}

// interrupt sends SIGINT and returns the exit code and the time it took.
func (d *dev) interrupt(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	begun := time.Now()
	_ = d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.done:
	case <-time.After(2 * drainPromise):
		t.Fatalf("dev did not end within %v of SIGINT\n%s", 2*drainPromise, tail(d.log.String()))
	}
	return d.cmd.ProcessState.ExitCode(), time.Since(begun)
}

// finish ends everything whatever the test left behind.
func (d *dev) finish(t *testing.T) {
	t.Helper()
	select {
	case <-d.done:
	default:
		_ = d.cmd.Process.Signal(os.Interrupt)
		select {
		case <-d.done:
		case <-time.After(2 * drainPromise):
			t.Error("dev had to be killed")
		}
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	if t.Failed() {
		t.Logf("log of dev:\n%s", tail(d.log.String()))
	}
}

// family lists the living processes of dev's process group, decoders of
// workers included.
func (d *dev) family() []string {
	return processes(func(_, group int) bool { return group == d.cmd.Process.Pid })
}

// children lists the living processes that dev itself started.
func (d *dev) children() []string {
	return processes(func(parent, _ int) bool { return parent == d.cmd.Process.Pid })
}

func processes(wanted func(parent, group int) bool) (out []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state ppid pgrp …; the name may hold anything.
		name, rest := string(raw[:bytes.LastIndexByte(raw, ')')+1]), string(raw[bytes.LastIndexByte(raw, ')')+1:])
		var state string
		var parent, group int
		if n, _ := fmt.Sscan(rest, &state, &parent, &group); n == 3 && state != "Z" && wanted(parent, group) {
			out = append(out, name)
		}
	}
	return out
}

// gone waits until no process of the group is left.
func (d *dev) gone(patience time.Duration) error {
	return within(patience, func() error {
		if left := d.family(); len(left) > 0 {
			return fmt.Errorf("still there: %v", left)
		}
		return nil
	})
}

// within repeats check until it says nothing or time is up.
func within(patience time.Duration, check func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		<-time.After(20 * time.Millisecond) // processes and other machines' states have no event to wait for
	}
}

// said is what a run of imgctl gave.
type said struct {
	out, err string
	code     int
}

// imgctl runs imgctl against this dev.
func (d *dev) imgctl(t *testing.T, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append(args, "--server", d.admin, "--token-file", filepath.Join(d.data, "admin.token"))
	cmd := exec.CommandContext(ctx, d.programs.Path(rig.Imgctl), args...)
	cmd.Env = d.environ()
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{out.String(), talk.String(), cmd.ProcessState.ExitCode()}
}

// must runs imgctl and wants exit code 0.
func (d *dev) must(t *testing.T, args ...string) string {
	t.Helper()
	s := d.imgctl(t, args...)
	if s.code != 0 {
		t.Fatalf("imgctl %s: exit %d\n%s%s", strings.Join(args, " "), s.code, s.out, s.err)
	}
	return s.out
}

// api is a client of the nth gateway.
func (d *dev) api(t *testing.T, gateway int) *client.Client {
	t.Helper()
	return api(t, d.public[gateway])
}

func api(t *testing.T, base string) *client.Client {
	t.Helper()
	c := client.Defaults()
	c.BaseURL, c.Language, c.Attempts, c.MaxBackoff = base, "en", 4, 2*time.Second
	cl, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}
