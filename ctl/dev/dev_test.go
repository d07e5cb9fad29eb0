package dev_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/dev"
	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// rig is a bin directory of fakes and a data directory.
type rig struct {
	imgctl, data, home string
	words              *words
}

// words is a stream that may be read while it is written.
type words struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

func newRig(t *testing.T) rig {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"imgctl", "gateway", "worker"} {
		if err := os.Link(self, filepath.Join(bin, name)); err == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(bin, name), raw, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return rig{imgctl: filepath.Join(bin, "imgctl"), data: t.TempDir(), home: t.TempDir(), words: new(words)}
}

func (r rig) config() dev.Config {
	c := dev.Defaults()
	c.HTTP, c.Admin, c.Data = "127.0.0.1:0", "127.0.0.1:0", r.data
	return c
}

func (r rig) getenv(name string) string {
	return map[string]string{"XDG_CONFIG_HOME": r.home}[name]
}

// session is a dev that is ready.
type session struct {
	ready string
	stop  func() error
}

func (r rig) start(t *testing.T, c dev.Config, environ ...string) session {
	t.Helper()
	s, err := r.try(t, c, environ...)
	if err != nil {
		t.Fatalf("no ready line: %v\n%s", err, r.words)
	}
	return s
}

// try starts a dev that may fail.
func (r rig) try(t *testing.T, c dev.Config, environ ...string) (session, error) {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	var ran error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ran = dev.Run(ctx, c, dev.Deps{
			Streams: &terminal.Streams{Out: in, Err: r.words, Width: func() int { return 0 }},
			Getenv:  r.getenv, Environ: append(os.Environ(), environ...), Executable: r.imgctl,
		})
		_ = in.Close()
	}()
	stop := func() error {
		cancel()
		<-ended
		return ran
	}
	t.Cleanup(func() { _ = stop() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return session{}, errors.Join(err, stop())
	}
	return session{ready: strings.TrimSpace(line), stop: stop}, nil
}

func (r rig) notes(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.data, "notes"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// eventually waits for what processes do in their own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(20 * time.Millisecond) //nolint:forbidigo // another process announces nothing
	}
}

func TestOneCommandStartsEverythingAndSaysSoInOneLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(t, r.config())
	if !regexp.MustCompile(`^ready http://127\.0\.0\.1:\d+ admin http://127\.0\.0\.1:\d+$`).MatchString(s.ready) {
		t.Errorf("ready line: %q", s.ready)
	}
	if err := s.stop(); err != nil {
		t.Errorf("stopped with %v, want an orderly end", err)
	}
	got := r.notes(t)
	for _, want := range []string{`region="a" capacity="4"`, `region="b" capacity="4"`, `engine="" listen="" shared="" tls="" args=["-exit-with-stdin"]`} {
		if !strings.Contains(got, want) {
			t.Errorf("children did not see %s:\n%s", want, got)
		}
	}
	if strings.Count(got, "worker down") != 2 || !strings.HasSuffix(got, "gateway down\n") {
		t.Errorf("workers must end before the gateway:\n%s", got)
	}
	for _, want := range []string{"gateway  │ gateway serves", "--json", `"style":"ink","place":"bund"`, "task watch"} {
		if !strings.Contains(r.words.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.words)
		}
	}
}

func TestSeveralGatewaysShareTheEngineAndTheStoreOfTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.config()
	c.Gateways, c.Workers, c.TLS = 2, 1, true
	s := r.start(t, c)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	got := r.notes(t)
	host := regexp.MustCompile(`engine="" listen="(127\.0\.0\.1:\d+)" shared="true"`).FindStringSubmatch(got)
	if host == nil || !strings.Contains(got, fmt.Sprintf(`engine="nats://%s" listen="" shared="true"`, host[1])) {
		t.Errorf("the second gateway does not use the first one's engine:\n%s", got)
	}
	if !strings.Contains(r.words.String(), "Gateway 2 of the same fleet: http://127.0.0.1:") {
		t.Errorf("the hint does not name the second gateway:\n%s", r.words)
	}
	for _, name := range []string{"ca.pem", "gateway-1.pem", "gateway-1.key", "gateway-2.key", "worker-1.key"} {
		info, err := os.Stat(filepath.Join(r.data, "tls", name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, want a file of mode 0600", name, err)
		}
	}
}

func TestAChildThatCrashesIsStartedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(t, r.config())
	if err := os.WriteFile(filepath.Join(r.data, "crash"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a third worker starts", func() bool { return strings.Count(r.notes(t), "worker up") == 3 })
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.words.String(), "ended (exit status 2), starting it again in") {
		t.Errorf("nobody was told:\n%s", r.words)
	}
}

func TestTheTokenOutlivesARestartAndTwoDevsDoNotShareData(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(t, r.config())
	first, err := os.ReadFile(filepath.Join(r.data, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	err = dev.Run(t.Context(), r.config(), dev.Deps{Streams: &terminal.Streams{Out: io.Discard, Err: io.Discard}, Getenv: r.getenv, Executable: r.imgctl})
	if err == nil || !strings.Contains(err.Error(), "another imgctl dev") {
		t.Errorf("a second dev on the same data: %v", err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := r.start(t, r.config()).stop(); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(filepath.Join(r.data, "admin.token")); err != nil || !bytes.Equal(first, again) {
		t.Errorf("the token changed: %v", err)
	}
}

func TestAContextIsSelectedAndGivenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	file := contexts.At(r.getenv)
	if err := file.Update(func(c *contexts.Config) error { c.Put(contexts.Context{Name: "prod"}); c.Current = "prod"; return nil }); err != nil {
		t.Fatal(err)
	}
	current := func() string {
		c, err := file.Load()
		if err != nil {
			t.Fatal(err)
		}
		return c.Current
	}
	s := r.start(t, r.config())
	if got := current(); got != dev.ContextName {
		t.Errorf("while it runs: %q", got)
	}
	if err := s.stop(); err != nil || current() != "prod" {
		t.Errorf("afterwards: %q, %v, want prod", current(), err)
	}
	c := r.config()
	c.NoContext = true
	r.start(t, c)
	if got := current(); got != "prod" {
		t.Errorf("with --no-context: %q, want prod", got)
	}
}

func TestABusyDefaultPortMovesAndABusyChosenOneDoesNot(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	c := r.config()
	c.HTTP = busy.Addr().String()
	d := dev.Deps{Streams: &terminal.Streams{Out: io.Discard, Err: r.words}, Getenv: r.getenv, Executable: r.imgctl}
	if err := dev.Run(t.Context(), c, d); err == nil || !strings.Contains(err.Error(), "--http") {
		t.Errorf("a busy chosen port: %v", err)
	}
	// Whether the default is busy here or not, the ready line names a port that works.
	c = r.config()
	c.HTTP = dev.Defaults().HTTP
	taken, err := net.Listen("tcp", c.HTTP)
	if err == nil {
		t.Cleanup(func() { _ = taken.Close() })
	}
	s, err := r.try(t, c)
	for tries := 0; err != nil && tries < 5; tries++ { // another program took the port before the gateway did
		s, err = r.try(t, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	port := regexp.MustCompile(`^ready http://127\.0\.0\.1:(\d+)`).FindStringSubmatch(s.ready)
	if n, _ := strconv.Atoi(port[1]); n <= 8080 || n > 8180 {
		t.Errorf("%s, want the next port after 8080", s.ready)
	}
}

func TestARefusedConfigurationEndsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	err := dev.Run(t.Context(), r.config(), dev.Deps{
		Streams: &terminal.Streams{Out: io.Discard, Err: r.words}, Getenv: r.getenv,
		Environ: append(os.Environ(), "FAKE_REFUSE=1"), Executable: r.imgctl,
	})
	if !errors.Is(err, dev.ErrRefused) || !strings.Contains(err.Error(), "refuses its configuration") {
		t.Errorf("err = %v", err)
	}
}

func TestAChildThatDoesNotDrainIsKilledInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(t, r.config(), "FAKE_STUBBORN=1")
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v, want at most ten seconds", took)
	}
}

func TestChildrenEndWhenDevIsKilled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cmd := exec.CommandContext(t.Context(), r.imgctl, r.data)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+r.home)
	cmd.Stderr = r.words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("not ready: %v\n%s", err, r.words)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, m := range regexp.MustCompile(`pid=(\d+)`).FindAllStringSubmatch(r.notes(t), -1) {
		pid, _ := strconv.Atoi(m[1])
		eventually(t, "process "+m[1]+" ends", func() bool { return syscall.Kill(pid, 0) != nil })
	}
	if got := r.notes(t); strings.Count(got, "down") != 3 {
		t.Errorf("children did not drain:\n%s", got)
	}
}

func TestDevDrainsAlsoWhenNobodyReadsItsOutput(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	cmd := exec.CommandContext(t.Context(), r.imgctl, r.data)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+r.home)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	talk, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Close(), talk.Close()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
	if got := r.notes(t); strings.Count(got, "down") != 3 {
		t.Errorf("children did not drain:\n%s", got)
	}
}

func TestFaultsOfTheFlagsAreNamedTogether(t *testing.T) {
	t.Parallel()
	err := dev.Config{HTTP: "x", Admin: "127.0.0.1:1", Data: "", Workers: -1, Gateways: 0, Regions: []string{""}}.Validate()
	for _, flag := range []string{"--http", "--data", "--workers", "--gateways", "--regions"} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%v does not name %s", err, flag)
		}
	}
	if err := dev.Defaults().Validate(); err != nil {
		t.Error(err)
	}
}
