package enginetest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const smallDisk = 64 << 20

func TestAFullDiskIsRefusedBeforeItBreaksAStream(t *testing.T) {
	t.Parallel()
	disk := enginetest.OpenDisk(t, smallDisk)
	a := attend(t, disk.Dir)
	soon(t, "ready", a.ready(t.Context()))
	disk.Fill(t, 2<<20)
	soon(t, "no new work is taken", func() bool { return code(a.Accepts()) == fault.StorageFull })
	if err := a.probe.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "are free") {
		t.Errorf("readiness says %v", err)
	}
	if _, err := a.JetStream().Publish(t.Context(), "kept.a", nil); err != nil {
		t.Errorf("what is in progress cannot end: %v", err)
	}
	disk.Fill(t, 64<<10)
	soon(t, "nothing is written", func() bool {
		_, err := a.JetStream().Publish(t.Context(), "kept.a", nil)
		return code(err) == fault.StorageFull && code(engine.Classify(err)) == fault.StorageFull
	})
	if _, err := a.JetStream().Publish(t.Context(), "b.passing.a", nil); err != nil {
		t.Errorf("what needs no disk: %v", err)
	}
	disk.Clear(t)
	soon(t, "ready again", func() bool { return a.Accepts() == nil && a.ready(t.Context())() })
	if _, err := a.JetStream().Publish(t.Context(), "kept.a", nil); err != nil {
		t.Error(err)
	}
	if strings.Contains(a.log.String(), "opened again") {
		t.Errorf("a stream broke:\n%s", a.log)
	}
}

func TestAStreamThatAFullDiskBrokeIsOpenedAgain(t *testing.T) {
	t.Parallel()
	disk := enginetest.OpenDisk(t, smallDisk)
	a := attend(t, disk.Dir)
	soon(t, "ready", a.ready(t.Context()))
	disk.Fill(t, 200<<10)
	stored := flood(t, a.ClientURL())
	soon(t, "not ready", func() bool {
		err := a.probe.Check(t.Context())
		return err != nil && strings.Contains(err.Error(), "stream KEPT cannot be written")
	})
	soon(t, "it is told", func() bool { return strings.Contains(a.log.String(), "waits for room") })
	disk.Clear(t)
	soon(t, "ready again", a.ready(t.Context()))
	ack, err := a.JetStream().Publish(t.Context(), "kept.a", nil)
	if err != nil || ack.Sequence != stored+1 {
		t.Errorf("published as %+v, %v; %d were acknowledged before", ack, err, stored)
	}
	if _, err := a.JetStream().Publish(t.Context(), "b.passing.a", nil); err != nil {
		t.Errorf("the memory bucket: %v", err)
	}
	soon(t, "it is told", func() bool { return strings.Contains(a.log.String(), "engine is opened again") })
}

// flood publishes as a gateway on another machine does, which does not see the
// disk, and returns the last sequence that was acknowledged.
func flood(t *testing.T, url string) (stored uint64) {
	t.Helper()
	return floodAfter(t, url, func() {})
}

// floodAfter calls connected before it publishes.
func floodAfter(t *testing.T, url string, connected func()) (stored uint64) {
	t.Helper()
	conn, err := nats.Connect(url, nats.Token(attendedToken))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(500*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	connected()
	for {
		ack, err := js.Publish(t.Context(), "kept.a", make([]byte, 20<<10))
		if err != nil {
			return stored
		}
		stored = ack.Sequence
	}
}
