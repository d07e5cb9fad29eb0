package dispatch

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// lined is a dispatcher whose line to the engine can go bad.
func lined(t *testing.T) (*world, *running, *enginetest.Link) {
	t.Helper()
	w := newWorldListening(t)
	line := enginetest.OpenLink(t, strings.TrimPrefix(w.engine.ClientURL(), "nats://"))
	remote, err := engine.Open(t.Context(), engine.Config{URL: "nats://" + line.Addr(), Token: secret.New("secret"), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.Close)
	return w, w.startOn(remote, w.openQueue(remote)), line
}

// While an engine elects its leaders nobody can renew the lease, and nobody can
// take it. It may have expired when the engine answers again.
func TestATermOutlivesAnEngineThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w, d, line := lined(t)
	l := d.leads()
	j := w.accept()
	c := w.next()
	line.Cut()
	lease, err := w.engine.Bucket(t.Context(), engine.BucketConfig{Name: "fleet", Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	taken := func() bool { _, err := lease.Get(t.Context(), leaderKey); return err == nil }
	eventually(t, "the lease expires", func() bool { return !taken() })
	line.Mend()
	eventually(t, "the lease is renewed", taken)
	c.ok()
	w.finished(j)
	if d.current.Load() != l {
		t.Error("the term ended")
	}
	later := w.accept()
	w.next().ok()
	w.finished(later)
	d.idle()
}

// A job that comes while its record cannot be read is kept. One that is
// returned then comes half a minute later when the return is lost.
func TestAJobIsKeptUntilItsRecordCanBeRead(t *testing.T) {
	t.Parallel()
	w, d, line := lined(t)
	l := d.leads()
	j := w.accept()
	c := w.next()
	line.Cut()
	found := make(chan error, 1)
	go func() {
		_, _, err := l.lookup(t.Context(), queue.Lease{Job: j})
		found <- err
	}()
	time.AfterFunc(5*time.Second, line.Mend) // longer than the bounds of one call
	if err := within(t, found, "the record"); err != nil {
		t.Error(err)
	}
	c.ok()
	w.finished(j)
}
