package generate

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/label"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// BenchmarkCopyAttempt is the cost of one attempt of a load test: three PUTs
// to a store in this process and nothing else worth naming.
func BenchmarkCopyAttempt(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer s.Close()
	labels, err := label.New(label.Defaults())
	if err != nil {
		b.Fatal(err)
	}
	raw := colours(b, 256, 256)
	d := &stub{make: func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		return provider.Picture{Data: raw, Stable: "always"}, nil
	}}
	cfg := Defaults()
	cfg.Capacity = 1000
	w := New(cfg, Parts{
		Providers: map[string]*provider.Provider{"m": provider.New(provider.Config{Name: "m"}, d, provider.NewMetrics(nil))},
		Pictures:  picture.New(picture.Defaults(), nil), Labels: labels, Pixels: judge{}, Logger: slog.New(slog.DiscardHandler),
	})
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a := workerrpc.Attempt{
				Task: task.ID(task.NewID()), Number: int(n.Add(1)), Provider: "m",
				ImageURL: s.URL + "/i", ThumbURL: s.URL + "/t", ManifestURL: s.URL + "/m",
			}
			if err := w.Generate(b.Context(), a, func(workerrpc.Update) error { return nil }); err != nil {
				b.Error(err)
			}
		}
	})
}
