package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// texts mirrors a bucket's entries as they are, without those that say "skip".
func texts(t *testing.T, b *Bucket, edit ...func(*MirrorConfig[string])) *Mirror[string] {
	t.Helper()
	c := MirrorConfig[string]{
		Bucket: b, Filter: ">",
		Read: func(_ context.Context, e Entry) (string, bool, error) {
			return string(e.Value), string(e.Value) != "skip", nil
		},
	}
	for _, f := range edit {
		f(&c)
	}
	m := NewMirror(c)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return m
}

// until waits for what nothing announces.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // nothing announces it
	}
}

func holds[T comparable](m *Mirror[T], key string, want T) func() bool {
	return func() bool { v, known := m.Get(key); return known && v == want }
}

func TestAMirrorHoldsWhatTheBucketHas(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	put(t, b, "a", "1", 0, 0)
	put(t, b, "b", "skip", 0, 0)
	m := texts(t, b)
	until(t, "it is sighted", m.Sighted)
	if v, known, err := m.Lookup(t.Context(), "a"); v != "1" || !known || err != nil {
		t.Errorf("a = %q, %v, %v", v, known, err)
	}
	if _, known, err := m.Lookup(t.Context(), "b"); known || err != nil {
		t.Errorf("b: %v, %v; it is not to be held", known, err)
	}
	changed := m.Changed()
	put(t, b, "a", "2", AnyRevision, 0)
	<-changed
	if v, _ := m.Get("a"); v != "2" {
		t.Errorf("a = %q after a change", v)
	}
	if err := b.Delete(t.Context(), "a", AnyRevision); err != nil {
		t.Fatal(err)
	}
	until(t, "a is gone", func() bool { _, known := m.Get("a"); return !known })
}

func TestOwnWritesAreThereAtOnceWhenAWalkBeginsMeanwhile(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	var m *Mirror[string]
	var walks int
	m = NewMirror(MirrorConfig[string]{
		Bucket: b, Filter: ">",
		Read: func(_ context.Context, e Entry) (string, bool, error) {
			if walks++; walks%2 == 1 {
				m.shelf.begin()
			}
			return string(e.Value), true, nil
		},
	})
	if err := m.Put(t.Context(), "a", []byte("1"), 0, 0); err != nil || !holds(m, "a", "1")() {
		t.Errorf("after Put it does not hold a: %v", err)
	}
	_, err := m.Update(t.Context(), "a", func([]byte) ([]byte, time.Duration, error) { return []byte("2"), 0, nil })
	if err != nil || !holds(m, "a", "2")() {
		t.Errorf("after Update it does not hold a: %v", err)
	}
}

func TestOwnWritesAreThereAtOnce(t *testing.T) {
	t.Parallel()
	m := texts(t, bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"}))
	until(t, "it is sighted", m.Sighted)
	for i := range 200 {
		want := string(rune('0' + i%10))
		if err := m.Put(t.Context(), "a", []byte(want), AnyRevision, 0); err != nil {
			t.Fatal(err)
		}
		if v, known, err := m.Lookup(t.Context(), "a"); v != want || !known || err != nil {
			t.Fatalf("write %d: a = %q, %v, %v", i, v, known, err)
		}
		_, err := m.Update(t.Context(), "b", func([]byte) ([]byte, time.Duration, error) { return []byte(want), 0, nil })
		if v, _ := m.Get("b"); v != want || err != nil {
			t.Fatalf("update %d: b = %q, %v", i, v, err)
		}
	}
}

// The engine was away, somebody wrote elsewhere as soon as it was back, and a
// gateway that had not read the bucket again said that there is nothing.
func TestABlindMirrorNeverDeniesWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]bool{"file": false, "memory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, dir, c := porttest.Must(t, 1)[0], t.TempDir(), BucketConfig{Name: "things", Memory: memory}
			host := hosted(t, dir, addr)
			put(t, bucket(t, host, c), "gone", "x", 0, 0)
			guest := joined(t, addr)
			m := texts(t, bucket(t, guest, c))
			until(t, "it is sighted", m.Sighted)
			host.Close()
			until(t, "it is blind", func() bool { return !m.Sighted() })
			if _, known, err := m.Lookup(t.Context(), "new"); fault.KindOf(err) != fault.Unavailable || fault.As(err).RetryAfter == 0 {
				t.Errorf("while the engine is away: %v, %v; want Unavailable and when to come back", known, err)
			}

			b := bucket(t, hosted(t, dir, addr), c)
			put(t, b, "new", "y", 0, 0)
			if err := b.Delete(t.Context(), "gone", AnyRevision); err != nil {
				t.Fatal(err)
			}
			answers := 0
			for seen := 0; seen < 100; {
				if m.Sighted() {
					seen++ // a while longer than it takes to see again
				}
				v, known, err := m.Lookup(t.Context(), "new")
				if err == nil && (v != "y" || !known) {
					t.Fatalf("after %d answers: %q, %v, although it was written", answers, v, known)
				}
				if _, known, err := m.Lookup(t.Context(), "gone"); err == nil && known {
					t.Fatalf("after %d answers: what was deleted is there", answers)
				}
				answers++
			}
			if _, known := m.Get("gone"); known {
				t.Error("memory keeps what was deleted while it was blind")
			}
		})
	}
}

// An engine that came back without its last writes counts revisions again.
func TestAMirrorFollowsAnEngineThatWentBack(t *testing.T) {
	t.Parallel()
	addr, c := porttest.Must(t, 1)[0], BucketConfig{Name: "things"}
	host := hosted(t, t.TempDir(), addr)
	b := bucket(t, host, c)
	for _, v := range []string{"1", "2", "3"} {
		put(t, b, "a", v, AnyRevision, 0)
	}
	put(t, b, "kept", "k", 0, 0)
	m := texts(t, bucket(t, joined(t, addr), c), func(c *MirrorConfig[string]) {
		c.Outlives = func(v string) bool { return v == "k" }
	})
	until(t, "it is sighted", m.Sighted)
	host.Close()
	put(t, bucket(t, hosted(t, t.TempDir(), addr), c), "a", "1b", 0, 0)
	until(t, "a is what the engine says", holds(m, "a", "1b"))
	until(t, "it is sighted", m.Sighted)
	if v, known := m.Get("kept"); !known || v != "k" {
		t.Error("a value that outlives its entry is gone")
	}
}

func TestAValueThatCannotBeReadMakesBlind(t *testing.T) {
	t.Parallel()
	b := bucket(t, open(t, t.TempDir()), BucketConfig{Name: "things"})
	m := texts(t, b, func(c *MirrorConfig[string]) {
		read := c.Read
		c.Read = func(ctx context.Context, e Entry) (string, bool, error) {
			if string(e.Value) == "bad" {
				return "", false, errors.New("bad")
			}
			return read(ctx, e)
		}
	})
	put(t, b, "a", "good", 0, 0)
	until(t, "the good value is there", holds(m, "a", "good"))
	until(t, "it is sighted", m.Sighted)
	put(t, b, "a", "bad", AnyRevision, 0)
	until(t, "it is blind", func() bool { return !m.Sighted() })
	if _, _, err := m.Lookup(t.Context(), "a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("err = %v, want Unavailable", err)
	}
	if v, known := m.Get("a"); !known || v != "good" {
		t.Errorf("the last good value is %q, %v", v, known)
	}
	put(t, b, "a", "better", AnyRevision, 0)
	until(t, "it is sighted", m.Sighted)
	if v, _ := m.Get("a"); v != "better" {
		t.Errorf("a = %q when it sees again", v)
	}
}

// What was asked for while the mirror was blind must not outlive a deletion
// that nobody tells of any more.
func TestAMirrorDropsWhatItOnlyAskedFor(t *testing.T) {
	t.Parallel()
	s := newShelf[string](nil, nil)
	held := func() bool { _, known := s.get("a"); return known }
	s.hold(Entry{Key: "a", Revision: 5}, s.now(), "x")
	s.begin() // a walk that does not find it
	if s.prune(); held() {
		t.Error("a value outlives the walk that did not find it")
	}
	before := s.now()
	s.begin()
	if s.hold(Entry{Key: "a", Revision: 6}, before, "x"); held() {
		t.Error("an answer from before the walk is held")
	}
	s.drop(Entry{Key: "a", Revision: 8, Deleted: true}, s.now())
	if s.hold(Entry{Key: "a", Revision: 7}, s.now(), "x"); held() {
		t.Error("an answer from before a deletion is held")
	}
	if s.hold(Entry{Key: "a", Revision: 9}, s.now(), "x"); !held() {
		t.Error("what was written after a deletion is not held")
	}
	if s.drop(Entry{Key: "a", Revision: 8, Deleted: true}, s.now()); !held() {
		t.Error("an older deletion takes a newer value away")
	}
}

func BenchmarkLookup(b *testing.B) {
	e, err := Open(b.Context(), Config{Dir: b.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	things, err := e.Bucket(b.Context(), BucketConfig{Name: "things"})
	if err != nil {
		b.Fatal(err)
	}
	m := NewMirror(MirrorConfig[struct{}]{
		Bucket: things, Filter: ">",
		Read: func(context.Context, Entry) (struct{}, bool, error) { return struct{}{}, true, nil },
	})
	b.Run("blind", func(b *testing.B) { lookups(b, m) })
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(b.Context())
	running.Go(func() { _ = m.Run(ctx) })
	for !m.Sighted() {
		time.Sleep(time.Millisecond) //nolint:forbidigo // nothing announces it
	}
	b.Run("sighted", func(b *testing.B) { lookups(b, m) })
	stop()
	running.Wait()
}

func lookups(b *testing.B, m *Mirror[struct{}]) {
	b.Helper()
	for b.Loop() {
		if _, _, err := m.Lookup(b.Context(), "nobody"); err != nil {
			b.Fatal(err)
		}
	}
}

// pipe carries a connection until it is stopped; then it stays open and
// carries nothing.
type pipe struct {
	mu   sync.Mutex
	stop chan struct{} // closed: let it flow
}

func (p *pipe) flowing() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop
}

func (p *pipe) hold() (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := make(chan struct{})
	p.stop = c
	return sync.OnceFunc(func() { close(c) })
}

// serve carries connections to addr and gives the address to dial instead.
func (p *pipe) serve(t *testing.T, addr string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
			if err != nil {
				_ = from.Close()
				continue
			}
			go p.carry(from, to)
			go p.carry(to, from)
		}
	}()
	return l.Addr().String()
}

func (p *pipe) carry(to io.WriteCloser, from io.ReadCloser) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		<-p.flowing()
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// A connection that is there but carries nothing is the blindness that nothing
// announces.
func TestASilentConnectionMakesBlind(t *testing.T) {
	t.Parallel()
	var p pipe
	p.hold()()
	addr, c := porttest.Must(t, 1)[0], BucketConfig{Name: "things"}
	host := hosted(t, t.TempDir(), addr)
	b := bucket(t, host, c)
	put(t, b, "a", "1", 0, 0)
	reg := prometheus.NewRegistry()
	guest := open(t, "", func(c *Config) { c.URL, c.Token, c.Registry = "nats://"+p.serve(t, addr), secret.New("secret"), reg })
	m := texts(t, bucket(t, guest, c))
	until(t, "it is sighted", m.Sighted)
	release := p.hold()
	defer release()
	start := time.Now()
	put(t, b, "a", "2", AnyRevision, 0)
	until(t, "it is blind", func() bool { return !m.Sighted() })
	if took := time.Since(start); took > 3*watchHeartbeat {
		t.Errorf("blind after %v of silence", took)
	}
	if n := blind(t, reg); n != 1 {
		t.Errorf("the metric says %v while it is blind", n)
	}
	asked := time.Now()
	if v, _, err := m.Lookup(t.Context(), "a"); fault.KindOf(err) != fault.Unavailable || time.Since(asked) > askTimeout+time.Second {
		t.Errorf("a = %q, %v after %v; want Unavailable within the bound", v, err, time.Since(asked))
	}
	release()
	for !m.Sighted() {
		if v, _, err := m.Lookup(t.Context(), "a"); err == nil && v != "2" {
			t.Fatalf("a = %q, which is the old value", v)
		}
	}
	if v, _, err := m.Lookup(t.Context(), "a"); v != "2" || err != nil || blind(t, reg) != 0 {
		t.Errorf("a = %q, %v when it sees again; the metric says %v", v, err, blind(t, reg))
	}
}

// blind reads the metric of the one mirror of a registry.
func blind(t *testing.T, reg *prometheus.Registry) float64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil || len(all) != 1 || len(all[0].Metric) != 1 {
		t.Fatalf("metrics: %v, %v", all, err)
	}
	return all[0].Metric[0].GetGauge().GetValue()
}

// One line tells that the engine is lost; each mirror needs none of its own.
func TestMirrorsAreSilentWhenTheEngineIsLost(t *testing.T) {
	t.Parallel()
	addr, dir := porttest.Must(t, 1)[0], t.TempDir()
	host := hosted(t, dir, addr)
	var out sharedLog
	e := open(t, "", func(c *Config) {
		c.URL, c.Token, c.Logger = "nats://"+addr, secret.New("secret"), slog.New(slog.NewTextHandler(&out, nil))
	})
	m := texts(t, bucket(t, e, BucketConfig{Name: "things"}))
	until(t, "it is sighted", m.Sighted)
	host.Close()
	until(t, "it is blind", func() bool { return !m.Sighted() })
	hosted(t, dir, addr)
	until(t, "it sees again", m.Sighted)
	if said := out.String(); !strings.Contains(said, "engine lost") || strings.Contains(said, "mirror") {
		t.Errorf("it says:\n%s", said)
	}
}

// sharedLog keeps a log that is read while it is written.
type sharedLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *sharedLog) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *sharedLog) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}
