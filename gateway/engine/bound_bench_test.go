package engine

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// What the bounds cost on the way of every task: a publish and a read, with
// and without them.
func BenchmarkBounds(b *testing.B) {
	e, err := Open(b.Context(), Config{Dir: b.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	s, err := e.js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.*"}, AllowDirect: true, MaxMsgs: 1 << 16})
	if err != nil {
		b.Fatal(err)
	}
	bare := e.js.(*boundJetStream).JetStream
	bareStream, err := bare.Stream(b.Context(), "S")
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 1200)
	for name, call := range map[string]func(context.Context) error{
		"publish/bounded": func(ctx context.Context) error { _, err := e.js.Publish(ctx, "s.a", data); return err },
		"publish/bare":    func(ctx context.Context) error { _, err := bare.Publish(ctx, "s.a", data); return err },
		"read/bounded":    func(ctx context.Context) error { _, err := s.GetLastMsgForSubject(ctx, "s.a"); return err },
		"read/bare":       func(ctx context.Context) error { _, err := bareStream.GetLastMsgForSubject(ctx, "s.a"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(p *testing.PB) {
				ctx, cancel := context.WithTimeout(b.Context(), time.Minute) // as a request has one
				defer cancel()
				for p.Next() {
					if err := call(ctx); err != nil && fault.KindOf(Classify(err)) != fault.NotFound {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
