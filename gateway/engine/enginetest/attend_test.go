package enginetest_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// promised is how soon readiness is true after a fault and after its end.
const promised = 3 * time.Second

// soon waits for what nothing announces, for as long as is promised.
func soon(t *testing.T, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	enginetest.Await(t, what, ok)
	if took := time.Since(began); took > promised {
		t.Errorf("%s: after %v", what, took)
	}
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// attended is an embedded engine that is looked after, with a stream and a
// memory bucket.
type attended struct {
	*engine.Engine

	probe *engine.Probe
	log   *lines
	ended chan error // how Run ended
}

const attendedToken = "secret"

func attend(t *testing.T, dir string) attended {
	t.Helper()
	a := attended{log: new(lines), ended: make(chan error, 1)}
	var err error
	a.Engine, err = engine.Open(t.Context(), engine.Config{
		Dir: dir, Listen: "127.0.0.1:0", Token: secret.New(attendedToken), Always: true, Logger: slog.New(slog.NewTextHandler(a.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	kept(t, a.Engine)
	bucket(t, a.Engine, engine.BucketConfig{Name: "passing", Memory: true})
	a.probe = probe(t, a.Engine)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { a.ended <- a.Run(ctx) })
	t.Cleanup(func() { cancel(); all.Wait() })
	return a
}

func kept(t *testing.T, e *engine.Engine) {
	t.Helper()
	if _, err := e.Stream(t.Context(), jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.*"}, MaxMsgsPerSubject: 1000}); err != nil {
		t.Fatal(err)
	}
}

func probe(t *testing.T, e *engine.Engine) *engine.Probe {
	t.Helper()
	p, err := e.Probe(t.Context(), "me")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (a attended) ready(ctx context.Context) func() bool {
	return func() bool { return a.probe.Check(ctx) == nil }
}

func code(err error) fault.Code {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}
