package store

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// dead is a disk that holds every call until it is released.
type dead struct {
	Driver

	back   chan struct{}
	opened *file
}

// file notes that it was closed.
type file struct {
	io.ReadSeekCloser

	closed chan struct{}
}

func (f *file) Close() error { close(f.closed); return nil }

func (d *dead) Stat(context.Context, string) (Info, error) { <-d.back; return Info{}, nil }
func (d *dead) Open(context.Context, string) (io.ReadSeekCloser, Info, error) {
	<-d.back
	return d.opened, Info{}, nil
}
func (d *dead) Copy(context.Context, string, string) error   { <-d.back; return nil }
func (d *dead) Delete(context.Context, string) (bool, error) { <-d.back; return true, nil }
func (d *dead) Adopt(context.Context, string, string) error  { <-d.back; return nil }
func (d *dead) Put(_ context.Context, _ string, r io.Reader) (int64, error) {
	var first [4]byte
	n, err := r.Read(first[:])
	if err != nil {
		return int64(n), err
	}
	<-d.back
	rest, err := io.Copy(io.Discard, r)
	return int64(n) + rest, err
}

const aKey = "01234567890123456789012345/tasks/01234567890123456789012345/1.jpg"

func storeOn(t *testing.T, d Driver) *Store {
	t.Helper()
	c := Defaults()
	c.InternalURL = "http://127.0.0.1"
	s, err := New(c, Deps{Driver: d})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestADeadDiskMakesNobodyWaitLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dead{back: make(chan struct{}), opened: &file{closed: make(chan struct{})}}
		s := storeOn(t, d)
		for name, call := range map[string]func(context.Context) error{
			"stat":   func(ctx context.Context) error { _, err := s.Stat(ctx, aKey); return err },
			"open":   func(ctx context.Context) error { _, err := s.Open(ctx, aKey); return err },
			"copy":   func(ctx context.Context) error { return s.Copy(ctx, aKey, aKey) },
			"delete": func(ctx context.Context) error { _, err := s.Delete(ctx, aKey); return err },
			"put": func(ctx context.Context) error {
				_, err := s.Put(ctx, aKey, strings.NewReader("picture"), 99)
				return err
			},
			"adopt": func(ctx context.Context) error { return s.Adopt(ctx, aKey, "x") },
		} {
			began := time.Now()
			err := call(t.Context())
			if took := time.Since(began); fault.CodeOf(err) != fault.StorageUnavailable || fault.As(err).RetryAfter == 0 || took > answerWithin {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		close(d.back)
		<-d.opened.closed // what came too late is closed
		if _, err := s.Stat(t.Context(), aKey); err != nil {
			t.Errorf("the disk is back: %v", err)
		}
	})
}

func TestADeadDiskHoldsSoManyCallsAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dead{back: make(chan struct{})}
		s := storeOn(t, d)
		for range 3 * stuckMost {
			go func() { _, _ = s.Stat(t.Context(), aKey) }()
		}
		synctest.Wait()
		if n := len(s.gate.slots); n != stuckMost {
			t.Errorf("%d calls are stuck, want %d", n, stuckMost)
		}
		close(d.back)
		time.Sleep(2 * answerWithin) //nolint:forbidigo // of a synctest
		if n := len(s.gate.slots); n != 0 {
			t.Errorf("%d calls are still held", n)
		}
	})
}

// phone sends a byte every ten seconds.
type phone struct{ left int }

func (p *phone) Read(b []byte) (int, error) {
	time.Sleep(10 * time.Second) //nolint:forbidigo // of a synctest
	if p.left--; p.left < 0 {
		return 0, io.EOF
	}
	b[0] = 'x'
	return 1, nil
}

func TestASlowPhoneIsNoDeadDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dead{back: make(chan struct{})}
		close(d.back)
		if n, err := storeOn(t, d).Put(t.Context(), aKey, &phone{left: 6}, 99); n != 6 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

// A request's body belongs to its connection again when it is answered.
func TestABodyIsNotReadAfterTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dead{back: make(chan struct{})}
		body := &counted{r: strings.NewReader("a picture of some length")}
		if _, err := storeOn(t, d).Put(t.Context(), aKey, body, 99); err == nil {
			t.Error("a dead disk took it")
		}
		before := body.reads
		close(d.back)
		synctest.Wait()
		if body.reads != before {
			t.Error("it was read after the answer")
		}
	})
}

type counted struct {
	r     io.Reader
	reads int
}

func (c *counted) Read(p []byte) (int, error) { c.reads++; return c.r.Read(p) }

func TestWhoHasNoMoreTimeIsToldThatTheStoreIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &dead{back: make(chan struct{})}
		defer close(d.back)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := storeOn(t, d).Stat(ctx, aKey); fault.CodeOf(err) != fault.StorageUnavailable {
			t.Errorf("err = %v", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := storeOn(t, d).Stat(gone, aKey); fault.CodeOf(err) != fault.RequestCanceled || !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}
