package enginetest_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

// gateway opens an engine as one more gateway does, and its board of alarms.
func gateway(t *testing.T, c engine.Config) (*engine.Engine, *alarm.Board) {
	t.Helper()
	b := alarm.New(slog.New(slog.DiscardHandler))
	c.Differs = b.Differs
	e, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, b
}

// embedded is a configuration of one node.
func embedded(t *testing.T) engine.Config {
	t.Helper()
	return engine.Config{Dir: t.TempDir(), Interval: time.Minute}
}

// with is a configuration with other replicas.
func with(c engine.Config, replicas int) engine.Config {
	c.Replicas = replicas
	return c
}

func bucket(t *testing.T, e *engine.Engine, c engine.BucketConfig) *engine.Bucket {
	t.Helper()
	b, err := e.Bucket(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func config(t *testing.T, e *engine.Engine, name string) jetstream.StreamConfig {
	t.Helper()
	s, err := e.JetStream().Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().Config
}

// differs waits until a board shows what differs by these options.
func differs(t *testing.T, b *alarm.Board, options ...string) {
	t.Helper()
	enginetest.Await(t, "differences "+strings.Join(options, ", "), func() bool {
		var got []string
		for _, a := range b.Standing() {
			if a.Name == alarm.EngineDiffers {
				got = append(got, a.Subject)
			}
		}
		return slices.Equal(got, options)
	})
}

// running runs an engine until the test ends.
func running(t *testing.T, e *engine.Engine) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(t.Context()) }()
	t.Cleanup(func() { <-done })
}

func TestAGatewayWithoutReplicasLeavesThree(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	first := c.Engine(t)
	for _, b := range []engine.BucketConfig{{Name: "kept"}, {Name: "passing", Memory: true}} {
		bucket(t, first, b)
	}
	before := config(t, first, "B_kept")
	if before.Replicas != 3 || before.AllowDirect {
		t.Fatalf("made with %d replicas, direct reads %t", before.Replicas, before.AllowDirect)
	}
	second, alarms := gateway(t, with(c.Config(), 0))
	for _, b := range []engine.BucketConfig{{Name: "kept"}, {Name: "passing", Memory: true}, {Name: "fresh"}} {
		bucket(t, second, b)
	}
	running(t, second)
	differs(t, alarms)
	for name, n := range c.Replicas(t) {
		if n != 3 {
			t.Errorf("%s has %d replicas", name, n)
		}
	}
}

func TestFewerReplicasThanThereAreAreRefused(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	bucket(t, c.Engine(t), engine.BucketConfig{Name: "kept"})
	e, _ := gateway(t, with(c.Config(), 1))
	_, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "kept"})
	if err == nil || !strings.Contains(err.Error(), "engine.replicas: is 1, and the stream B_kept has 3") {
		t.Errorf("err = %v", err)
	}
	if got := c.Replicas(t)["B_kept"]; got != 3 {
		t.Errorf("%d replicas are left", got)
	}
}

func TestAnOperatorMakesThreeOfOne(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	old, _ := gateway(t, with(c.Config(), 1))
	here := bucket(t, old, engine.BucketConfig{Name: "kept"})
	if _, err := here.Put(t.Context(), "a", []byte("1"), 0, 0); err != nil {
		t.Fatal(err)
	}
	e, alarms := gateway(t, with(c.Config(), 0))
	bucket(t, e, engine.BucketConfig{Name: "kept"})
	if got := config(t, e, "B_kept"); got.Replicas != 1 || !got.AllowDirect {
		t.Fatalf("a start made it %d replicas, direct reads %t", got.Replicas, got.AllowDirect)
	}
	running(t, e)
	differs(t, alarms, "replicas")
	all, err := e.Differences(t.Context(), 0)
	if err != nil || len(all) != 1 || all[0].Stream != "B_kept" || all[0].Has != "1" || all[0].Wants != "3" {
		t.Fatalf("differences = %+v, %v", all, err)
	}
	if done := e.Apply(t.Context(), all); done[0].Problem != "" {
		t.Fatalf("applied: %+v", done)
	}
	differs(t, alarms)
	if got := config(t, e, "B_kept"); got.Replicas != 3 || got.AllowDirect {
		t.Errorf("now %d replicas, direct reads %t", got.Replicas, got.AllowDirect)
	}
	// The gateway that opened it with one replica reads from the leader now.
	if got, err := here.Get(t.Context(), "a"); err != nil || string(got.Value) != "1" {
		t.Errorf("read %q, %v", got.Value, err)
	}
	enginetest.Await(t, "three replicas that have everything", func() bool {
		all, err := e.Streams(t.Context())
		return err == nil && len(all) == 1 && all[0].Current == 3 && all[0].Leader != "" && all[0].Lag == 0 && all[0].Messages == 1 && all[0].Bytes > 0
	})
}

func TestAnOldReleaseUndoesNothing(t *testing.T) {
	t.Parallel()
	e, _ := gateway(t, embedded(t))
	newer := jetstream.StreamConfig{
		Name: "KEPT", Subjects: []string{"kept.a", "kept.b"}, AllowMsgTTL: true, AllowRollup: true, MaxMsgs: 10, MaxAge: time.Hour,
		Duplicates: time.Minute, Discard: jetstream.DiscardNew, Description: "what an old release does not know",
		RePublish: &jetstream.RePublish{Source: "kept.>", Destination: "live.>"},
	}
	if _, err := e.Stream(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	before := config(t, e, "KEPT")
	older := jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.a"}, MaxMsgs: 5, Duplicates: 2 * time.Minute}
	if _, err := e.Stream(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	if after := config(t, e, "KEPT"); !same(before, after) {
		t.Errorf("before %+v,\nafter %+v", before, after)
	}
}

func TestAStartOnlyAdds(t *testing.T) {
	t.Parallel()
	e, alarms := gateway(t, embedded(t))
	older := jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.a", "kept.old"}, MaxAge: time.Hour, Description: "by somebody else"}
	if _, err := e.Stream(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	newer := jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.a", "kept.b"}, AllowMsgTTL: true, MaxAge: 2 * time.Hour, MaxMsgs: 7, Storage: jetstream.MemoryStorage}
	if _, err := e.Stream(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	got := config(t, e, "KEPT")
	if !slices.Equal(got.Subjects, []string{"kept.a", "kept.old", "kept.b"}) || !got.AllowMsgTTL {
		t.Errorf("not added: %v, %t", got.Subjects, got.AllowMsgTTL)
	}
	if got.MaxAge != time.Hour || got.MaxMsgs != -1 || got.Storage != jetstream.FileStorage || got.Description == "" {
		t.Errorf("a start changed %+v", got)
	}
	running(t, e)
	differs(t, alarms, "max age", "max msgs", "storage")
	for _, a := range alarms.Standing() { // it names what operators write
		for option, words := range map[string]string{"max age": "(retention): KEPT has 1h0m0s, wanted is 2h0m0s", "max msgs": "(limits.queueDepth): KEPT has unlimited, wanted is 7"} {
			if a.Subject == option && !strings.Contains(a.Message, words) {
				t.Errorf("the alarm says %q, want %s", a.Message, words)
			}
		}
	}
	all, err := e.Differences(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range e.Apply(t.Context(), all) {
		if fixed := d.Option == "storage"; fixed != (d.Problem != "") {
			t.Errorf("%+v", d)
		}
	}
	if got := config(t, e, "KEPT"); got.MaxAge != 2*time.Hour || got.MaxMsgs != 7 || got.Description == "" {
		t.Errorf("applied: %+v", got)
	}
	differs(t, alarms, "storage")
}

func TestMoreReplicasThanNodesAreAnAlarm(t *testing.T) {
	t.Parallel()
	e, alarms := gateway(t, with(embedded(t), 3))
	bucket(t, e, engine.BucketConfig{Name: "kept"})
	if got := config(t, e, "B_kept").Replicas; got != 1 {
		t.Errorf("%d replicas on one node", got)
	}
	running(t, e)
	differs(t, alarms, "replicas")
}

func TestANodeThatIsAwayCostsNoReplica(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	e, _ := gateway(t, with(c.Config(), 0))
	c.Stop(t, 2)
	bucket(t, e, engine.BucketConfig{Name: "kept"})
	if got := config(t, e, "B_kept").Replicas; got != 3 {
		t.Errorf("made with %d replicas", got)
	}
}

func same(x, y jetstream.StreamConfig) bool {
	x.Metadata, y.Metadata = nil, nil
	return slices.Equal(x.Subjects, y.Subjects) && x.AllowMsgTTL == y.AllowMsgTTL && x.AllowRollup == y.AllowRollup && x.MaxMsgs == y.MaxMsgs &&
		x.MaxAge == y.MaxAge && x.Duplicates == y.Duplicates && x.Discard == y.Discard && x.Description == y.Description && *x.RePublish == *y.RePublish
}
