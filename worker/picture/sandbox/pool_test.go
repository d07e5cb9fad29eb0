//go:build unix

package sandbox

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// still is a sandbox that does nothing by itself.
func still(t *testing.T, decoders int) *Sandbox {
	t.Helper()
	s := New(config(t, func(c *Config) { c.Decoders = decoders }), quiet())
	t.Cleanup(func() {
		for p := s.get(); p != nil; p = s.get() {
			p.end()
		}
	})
	return s
}

// stopped has a picture decoded by a process that does not answer.
func stopped(t *testing.T, s *Sandbox) (p *process, ended <-chan error) {
	t.Helper()
	p = s.start()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.turns <- struct{}{}
	done := make(chan error)
	raw := file(t, "quadrants.heic")
	go func() {
		_, _, err := s.on(t.Context(), p, raw, 2048)
		<-s.turns
		done <- err
	}()
	return p, done
}

func TestADecoderThatDiesEndsItsOwnJobOnly(t *testing.T) {
	t.Parallel()
	s := still(t, 2)
	for name, c := range map[string]struct {
		how  syscall.Signal
		kind fault.Kind
		code fault.Code
	}{
		"by itself":     {syscall.SIGABRT, fault.Unprocessable, "photo_too_demanding"},
		"by the system": {syscall.SIGKILL, fault.Unavailable, "decoder_lost"},
	} {
		p, ended := stopped(t, s)
		if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
			t.Errorf("%s, beside it: %v", name, err)
		}
		_ = p.cmd.Process.Signal(c.how)
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		if err := <-ended; fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
			t.Errorf("%s, after it: %v", name, err)
		}
	}
}

func TestAPictureThatEndsAUsedDecoderHasANewOne(t *testing.T) {
	t.Parallel()
	s := still(t, 1)
	used := s.start()
	_ = used.cmd.Process.Signal(syscall.SIGSTOP)
	_ = used.cmd.Process.Signal(syscall.SIGABRT) // when it goes on
	s.put(used)
	done := make(chan error)
	raw := file(t, "quadrants.heic")
	go func() {
		_, _, err := s.Decode(t.Context(), raw, 2048)
		done <- err
	}()
	for len(s.turns) == 0 {
		runtime.Gosched()
	}
	_ = used.cmd.Process.Signal(syscall.SIGCONT)
	if err := <-done; err != nil {
		t.Errorf("it is refused for what came before it: %v", err)
	}
}

func TestNoMoreDecodeThanThereAreDecoders(t *testing.T) {
	t.Parallel()
	s := still(t, 1)
	p, ended := stopped(t, s)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if _, _, err := s.Decode(ctx, file(t, "quadrants.heic"), 2048); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second one: %v", err)
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	if err := <-ended; err != nil {
		t.Errorf("the first one, which was only slow: %v", err)
	}
}

func TestADecoderThatDoesNotStartIsOnlyBusy(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	cfg.Program = "/nowhere"
	_, _, err := New(cfg, quiet()).Decode(t.Context(), file(t, "quadrants.heic"), 2048)
	if fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter <= 0 {
		t.Errorf("%v: the photo would be refused for good", err)
	}
}

func TestDecodersThatNobodyNeedsEnd(t *testing.T) {
	t.Parallel()
	s := still(t, 3)
	last := s.start()
	s.put(s.start())
	s.put(s.start())
	s.put(last)
	s.reap(time.Now().Add(-time.Hour))
	if n := len(s.idle); n != 3 {
		t.Errorf("%d are left of 3 that were just used", n)
	}
	s.reap(time.Now())
	if len(s.idle) != 1 || s.idle[0] != last {
		t.Errorf("%d are left beside the last", len(s.idle))
	}
}

// A decoder that gets nothing of a busy machine has not used up its photo's time.
func TestAPhotoOnABusyMachineIsNotTooDemanding(t *testing.T) {
	t.Parallel()
	s := still(t, 1)
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells how much of the processor a process has used")
	}
	s.cfg.Timeout = 50 * time.Millisecond
	_, ended := stopped(t, s)
	if err := <-ended; fault.CodeOf(err) != fault.DecoderLost || !errors.Is(err, errStarved) {
		t.Errorf("%v, want decoder_lost", err)
	}
}

func TestTheProcessorsTimeDecides(t *testing.T) {
	t.Parallel()
	s := New(Config{CPU: 20 * time.Second, Timeout: 45 * time.Second}, quiet())
	for name, c := range map[string]struct {
		cpu   time.Duration
		known bool
		took  time.Duration
		want  error
	}{
		"it goes on":                          {19 * time.Second, true, 44 * time.Second, nil},
		"it has used up its time":             {20 * time.Second, true, 11 * time.Second, errTime}, // two cores
		"it got little of it":                 {5 * time.Second, true, 45 * time.Second, errStarved},
		"nobody knows, and it goes on":        {0, false, 44 * time.Second, nil},
		"nobody knows, and it takes too long": {0, false, 45 * time.Second, errTime},
	} {
		if got := s.over(c.cpu, c.known, c.took); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
