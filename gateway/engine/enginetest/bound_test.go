package enginetest_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
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

// lined is a gateway whose line to the engine can go bad.
func lined(t *testing.T, b engine.Bounds) (*engine.Engine, *enginetest.Link) {
	t.Helper()
	host := enginetest.OpenPair(t).Host
	line := enginetest.OpenLink(t, strings.TrimPrefix(host.ClientURL(), "nats://"))
	e, err := engine.Open(t.Context(), engine.Config{URL: "nats://" + line.Addr(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute, Bounds: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, line
}

func bucketOf(t *testing.T, e *engine.Engine) *engine.Bucket {
	t.Helper()
	b, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "things", History: 8})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// short are bounds that let a test end soon.
func short() engine.Bounds {
	return engine.Bounds{Read: 50 * time.Millisecond, Write: 100 * time.Millisecond, Slow: 200 * time.Millisecond, Total: 200 * time.Millisecond}
}

func TestNoCallWaitsLongForADeafEngine(t *testing.T) {
	t.Parallel()
	e, line := lined(t, short())
	b, js := bucketOf(t, e), e.JetStream()
	s, err := js.Stream(t.Context(), "B_things")
	if err != nil {
		t.Fatal(err)
	}
	cons, err := s.CreateConsumer(t.Context(), jetstream.ConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	check := probe(t, e)
	line.Deafen()
	var calls sync.WaitGroup
	for name, call := range map[string]func(context.Context) error{
		"get":       func(ctx context.Context) error { _, err := b.Get(ctx, "k"); return err },
		"put":       func(ctx context.Context) error { _, err := b.Put(ctx, "k", nil, 0, 0); return err },
		"overwrite": func(ctx context.Context) error { _, err := b.Put(ctx, "k", nil, engine.AnyRevision, 0); return err },
		"delete":    func(ctx context.Context) error { return b.Delete(ctx, "k", engine.AnyRevision) },
		"keys":      func(ctx context.Context) error { _, err := b.Keys(ctx, ">"); return err },
		"history":   func(ctx context.Context) error { _, err := b.History(ctx, "k"); return err },
		"publish":   func(ctx context.Context) error { _, err := js.Publish(ctx, "b.things.k", nil); return err },
		"account":   func(ctx context.Context) error { _, err := js.AccountInfo(ctx); return err },
		"stream":    func(ctx context.Context) error { _, err := js.Stream(ctx, "B_things"); return err },
		"create":    func(ctx context.Context) error { _, err := js.CreateStream(ctx, s.CachedInfo().Config); return err },
		"update":    func(ctx context.Context) error { _, err := js.UpdateStream(ctx, s.CachedInfo().Config); return err },
		"either": func(ctx context.Context) error {
			_, err := js.CreateOrUpdateStream(ctx, s.CachedInfo().Config)
			return err
		},
		"drop":  func(ctx context.Context) error { return js.DeleteStream(ctx, "B_things") },
		"list":  func(ctx context.Context) error { l := js.ListStreams(ctx); drain(l.Info()); return l.Err() },
		"names": func(ctx context.Context) error { l := js.StreamNames(ctx); drain(l.Name()); return l.Err() },
		"info":  func(ctx context.Context) error { _, err := s.Info(ctx); return err },
		"purge": func(ctx context.Context) error { return s.Purge(ctx) },
		"consume": func(ctx context.Context) error {
			_, err := s.CreateConsumer(ctx, jetstream.ConsumerConfig{})
			return err
		},
		"consumer":  func(ctx context.Context) error { _, err := s.Consumer(ctx, cons.CachedInfo().Name); return err },
		"consumers": func(ctx context.Context) error { l := s.ConsumerNames(ctx); drain(l.Name()); return l.Err() },
		"forget":    func(ctx context.Context) error { return s.DeleteConsumer(ctx, "none") },
		"lag":       func(ctx context.Context) error { _, err := cons.Info(ctx); return err },
		"ready":     e.Ready,
		"probe":     check.Check,
	} {
		for patience, ctx := range map[string]context.Context{"endless": t.Context(), "a minute": minute(t)} {
			calls.Go(func() {
				began := time.Now()
				err := call(ctx)
				if k := fault.KindOf(engine.Classify(err)); err == nil || k != fault.Timeout && k != fault.Unavailable {
					t.Errorf("%s: %v", name, err)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("%s took %v although its bound is %v (the caller's patience: %s)", name, took, short().Total, patience)
				}
			})
		}
	}
	calls.Wait()
}

// What is not bounded is not called: the source says so.
func TestNoCallIsWithoutABound(t *testing.T) {
	t.Parallel()
	e, _ := lined(t, short())
	s, err := e.JetStream().CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	if err != nil {
		t.Fatal(err)
	}
	var free []string
	for _, handle := range []any{e.JetStream(), s} {
		of := reflect.TypeOf(handle)
		for i := range of.NumMethod() {
			m := of.Method(i)
			file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
			if file == "<autogenerated>" && m.Type.NumIn() > 1 && m.Type.In(1) == reflect.TypeFor[context.Context]() {
				free = append(free, m.Name)
			}
		}
	}
	if len(free) < 5 {
		t.Fatalf("only %v have no bound: is the question still right?", free)
	}
	called := regexp.MustCompile(`\.(` + strings.Join(free, "|") + `)\(`)
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || filepath.Base(path) == "bound.go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if found := called.Find(source); found != nil && bytes.Contains(source, []byte("nats.go/jetstream")) {
			t.Errorf("%s calls %s, which has no bound", path, found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func minute(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func drain[T any](c <-chan T) {
	for range c {
	}
}

func TestACallWaitsForAnEngineThatIsBackSoon(t *testing.T) {
	t.Parallel()
	e, line := lined(t, engine.DefaultBounds())
	b := bucketOf(t, e)
	put := func(value string) error {
		_, err := b.Put(t.Context(), "k", []byte(value), engine.AnyRevision, 0)
		return err
	}
	if err := put("1"); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"read":  func() error { _, err := b.Get(t.Context(), "k"); return err },
		"write": func() error { return put("2") },
	} {
		line.Cut()
		enginetest.Await(t, "the line is cut", func() bool { return !e.Conn().IsConnected() })
		answer := make(chan error, 1)
		go func() { answer <- call() }()
		line.Mend()
		if err := <-answer; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was stored although nobody said so is not a race that was lost.
func TestAWriteWhoseAnswerIsLateIsNotRepeated(t *testing.T) {
	t.Parallel()
	bounds := engine.DefaultBounds()
	bounds.Write = 100 * time.Millisecond
	e, line := lined(t, bounds)
	b := bucketOf(t, e)
	first, err := b.Put(t.Context(), "k", []byte("1"), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	line.Mute()
	time.AfterFunc(3*bounds.Write, line.Mend)
	second, err := b.Put(t.Context(), "k", []byte("2"), first, 0)
	if err != nil {
		t.Fatalf("a write that was stored: %v", err)
	}
	all, err := b.History(t.Context(), "k")
	if err != nil || len(all) != 2 || all[1].Revision != second {
		t.Errorf("history %v, %v; want two revisions, the last is %d", all, err, second)
	}
	if _, err := b.Put(t.Context(), "k", nil, first, 0); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a race that was lost: %v", err)
	}
}

func TestAWriteThatNeverArrivedIsRepeated(t *testing.T) {
	t.Parallel()
	bounds := engine.DefaultBounds()
	bounds.Write = 200 * time.Millisecond
	e, line := lined(t, bounds)
	b := bucketOf(t, e)
	line.Deafen()
	answer := make(chan error, 1)
	go func() { _, err := b.Put(t.Context(), "k", []byte("1"), 0, 0); answer <- err }()
	time.AfterFunc(bounds.Write/2, func() { line.Cut(); line.Mend() })
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	if all, err := b.History(t.Context(), "k"); err != nil || len(all) != 1 {
		t.Errorf("history %v, %v; want one revision", all, err)
	}
}
