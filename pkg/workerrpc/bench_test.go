package workerrpc

import (
	"context"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

// BenchmarkGenerate is one stream of three messages over loopback.
func BenchmarkGenerate(b *testing.B) {
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error {
		_ = send(Update{Progress: 1})
		_ = send(Update{Progress: 50})
		return send(okOutcome(a))
	}}
	s, err := Serve(b.Context(), ServerConfig{Listen: "127.0.0.1:0", Token: secret.New("t")}, w)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c, err := NewClient(ClientConfig{Token: secret.New("t")})
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Generate(b.Context(), s.Addr().String(), Attempt{Task: "t", Number: 1}, nil); err != nil {
				b.Error(err)
			}
		}
	})
}
