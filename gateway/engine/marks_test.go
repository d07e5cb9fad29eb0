package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func api(code int, words string) error { return &jetstream.APIError{Code: code, Description: words} }

func TestOnlyTheEnginesOwnFailuresMarkAStream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		marks bool
	}{
		"no answer":          {context.DeadlineExceeded, true},
		"nobody there":       {nats.ErrNoResponders, true},
		"nobody there, late": {jetstream.ErrNoStreamResponse, true},
		"no means":           {api(503, "insufficient resources"), true},
		"engine full":        {api(400, "resource limits exceeded for account"), true},
		"cannot store":       {api(503, "error opening msg block file"), true},
		"queue full":         {api(503, "maximum messages exceeded"), false},
		"set full":           {api(503, "maximum messages per subject exceeded"), false},
		"stream full":        {api(503, "maximum bytes exceeded"), false},
		"too large":          {api(400, "message size exceeds maximum allowed"), false},
		"lost race":          {api(400, "wrong last sequence: 7"), false},
		"connection away":    {nats.ErrConnectionReconnecting, false},
		"connection broke":   {nats.ErrDisconnected, false},
		"client gone":        {context.Canceled, false},
	} {
		r := &registry{}
		r.add(&stream{want: jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.*"}}})
		m := &marks{streams: r}
		m.take(t.Context(), "kept.a", nil, c.err)
		if _, stands := m.of("KEPT"); stands != c.marks {
			t.Errorf("%s: marked %t", name, stands)
		}
		m.take(t.Context(), "kept.a", &jetstream.PubAck{Stream: "KEPT"}, nil)
		if _, stands := m.of("KEPT"); stands || m.n.Load() != 0 {
			t.Errorf("%s: the mark outlives a publish", name)
		}
	}
}

func TestACallerThatGaveUpMarksNothing(t *testing.T) {
	t.Parallel()
	r := &registry{}
	r.add(&stream{want: jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.*"}}})
	m := &marks{streams: r}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.take(ctx, "kept.a", nil, context.DeadlineExceeded)
	m.take(t.Context(), "elsewhere", nil, context.DeadlineExceeded)
	if m.n.Load() != 0 {
		t.Errorf("%d marks", m.n.Load())
	}
}

func TestAStreamIsFoundByItsSubjects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, subject string
		covers           bool
	}{
		{"job.*.*", "job.a.b", true}, {"job.*.*", "job.a", false}, {"job.*.*", "job.a.b.c", false},
		{"b.x.>", "b.x.a", true}, {"b.x.>", "b.x.a.b", true}, {"b.x.>", "b.y.a", false}, {"b.x.>", "b.x", false},
		{"s", "s", true}, {"s", "t", false},
	} {
		if got := covers(c.pattern, c.subject); got != c.covers {
			t.Errorf("%s covers %s: %t", c.pattern, c.subject, got)
		}
	}
}

func BenchmarkPublishWithoutMarks(b *testing.B) {
	m, ack := &marks{}, &jetstream.PubAck{Stream: "KEPT"}
	for b.Loop() {
		m.take(b.Context(), "kept.a", ack, nil)
	}
}

func BenchmarkRoom(b *testing.B) {
	r := &room{dir: b.TempDir()}
	for b.Loop() {
		if err := r.writes(); err != nil && !errors.Is(err, context.Canceled) {
			b.Fatal(err)
		}
	}
}
