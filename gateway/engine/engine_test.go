package engine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// open starts an embedded engine in dir and closes it with the test.
func open(t *testing.T, dir string, edit ...func(*Config)) *Engine {
	t.Helper()
	c := Defaults()
	c.Dir, c.Always, c.Interval = dir, false, time.Minute
	for _, f := range edit {
		f(&c)
	}
	e, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// hosted opens an engine that further gateways can join.
func hosted(t *testing.T, dir, addr string) *Engine {
	t.Helper()
	return open(t, dir, func(c *Config) { c.Listen, c.Token = addr, secret.New("secret") })
}

// joined connects to a hosted engine as a second gateway does.
func joined(t *testing.T, addr string) *Engine {
	t.Helper()
	return open(t, "", func(c *Config) { c.URL, c.Token = "nats://"+addr, secret.New("secret") })
}

func TestAnEmbeddedEngineAnswersAtOnce(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	if err := e.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if e.Replicas() != 1 || e.JetStream() == nil || !e.Conn().IsConnected() {
		t.Error("the engine is not whole")
	}
}

func TestAClosedEngineIsNotReady(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	e.Close()
	e.Close() // twice is once
	if err := e.Ready(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("err = %v, want unavailable", err)
	}
}

func TestAForeignGatewayNeedsTheToken(t *testing.T) {
	t.Parallel()
	addr := porttest.Must(t, 1)[0]
	host := hosted(t, t.TempDir(), addr)
	if url := host.ClientURL(); !strings.Contains(url, addr) {
		t.Errorf("client url = %q, want %s in it", url, addr)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	c := Defaults()
	c.URL, c.Token = "nats://"+addr, secret.New("wrong")
	if e, err := Open(ctx, c); err == nil {
		e.Close()
		t.Error("a wrong token was accepted")
	}
	if err := joined(t, addr).Ready(t.Context()); err != nil {
		t.Errorf("with the token: %v", err)
	}
}

func TestAnEngineThatIsNotThereYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	addr := porttest.Must(t, 1)[0]
	done := make(chan error, 1)
	go func() {
		c := Defaults()
		c.URL, c.Token = "nats://"+addr, secret.New("secret")
		e, err := Open(t.Context(), c)
		if err == nil {
			e.Close()
		}
		done <- err
	}()
	hosted(t, t.TempDir(), addr)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnEngineThatNeverComesIsUnavailable(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	c := Defaults()
	c.URL = "nats://" + porttest.Must(t, 1)[0]
	if _, err := Open(ctx, c); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("err = %v, want unavailable", err)
	}
}

func TestEveryFaultOfTheConfigurationIsTold(t *testing.T) {
	t.Parallel()
	err := Config{URL: "http://x", Replicas: 9}.Validate()
	for _, key := range []string{"engine.url", "engine.sync", "engine.replicas"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("no fault names %s: %v", key, err)
		}
	}
	if err := Defaults().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	if _, err := Open(t.Context(), Config{}); err == nil {
		t.Error("a faulty configuration was opened")
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"nowhere", "127.0.0.1:http"} {
		c := Defaults()
		c.Dir, c.Listen = t.TempDir(), listen
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "engine.listen") {
			t.Errorf("%s: err = %v, want one that names engine.listen", listen, err)
		}
	}
}

func TestFailuresOfTheEngineAreClassified(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want fault.Kind
	}{
		{jetstream.ErrMsgNotFound, fault.NotFound},
		{&jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamWrongLastSequence}, fault.Conflict},
		{&jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamWrongLastSequenceConstant}, fault.Conflict},
		{context.DeadlineExceeded, fault.Timeout},
		{nats.ErrTimeout, fault.Timeout},
		{context.Canceled, fault.Canceled},
		{nats.ErrNoResponders, fault.Unavailable},
		{errors.New("anything else"), fault.Unavailable},
	} {
		if got := fault.KindOf(Classify(tt.err)); got != tt.want {
			t.Errorf("%v is %v, want %v", tt.err, got, tt.want)
		}
	}
	if Classify(nil) != nil {
		t.Error("no failure became one")
	}
}

// A token that is changed and changed back, or read anew by the other side,
// costs no restart: who was refused asks again, and says why.
func TestWhoIsRefusedForAWhileComesBack(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), porttest.Must(t, 1)[0]
	first := hosted(t, dir, addr)
	var said lines
	e := open(t, "", func(c *Config) {
		c.URL, c.Token, c.Logger = "nats://"+addr, secret.New("secret"), slog.New(slog.NewTextHandler(&said, nil))
	})
	first.Close()
	second := open(t, dir, func(c *Config) { c.Listen, c.Token = addr, secret.New("another") })
	said.await(t, "it refuses engine.token")
	<-time.After(time.Second) // of being refused, many times
	second.Close()
	hosted(t, dir, addr)
	said.await(t, "engine is back")
	if err := e.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for _, line := range []string{"engine lost", "it refuses engine.token", "nobody listens there", "engine is back"} {
		if n := said.count(line); n > 1 {
			t.Errorf("%q is said %d times", line, n)
		}
	}
}

// lines collects what is logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}

func (l *lines) await(t *testing.T, words string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); l.count(words) == 0; {
		if time.Now().After(end) {
			t.Fatalf("it never says %q:\n%s", words, l.text.String())
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // nothing announces it
	}
}

// A call cannot end while its connection is dialled. The first dial follows
// when the link is found dead.
func TestTheFirstDialIsOverBeforeARequestMustBeAnswered(t *testing.T) {
	t.Parallel()
	const answer = 4500 * time.Millisecond
	if over := (pingsMissing+1)*pingInterval + dialTimeout; over > answer {
		t.Errorf("it may last until %v after the link died, and requests are answered after %v", over, answer)
	}
}
