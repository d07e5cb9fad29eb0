package intake

import (
	"context"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func benchmark(b *testing.B, limits policy.Limits, key func() string, campaign string) {
	b.Helper()
	f := open(b)
	f.limits.Store(&limits)
	f.campaign(100_000)
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go func() { _ = f.Run(ctx) }()
	eventually(b, "the mirror is whole", f.cache.mirror.Sighted)
	b.ResetTimer()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := f.request(key())
			r.Campaign = campaign
			r.Session = session.ID(task.NewID())
			r.Upload = f.uploads.add(r.Session, "sha256:x", upload.Ready)
			f.quota.Begin(r.Session)
			if _, err := f.Submit(b.Context(), r); err != nil {
				b.Error(err)
			}
			f.uploads.remove(r.Upload)
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	benchmark(b, policy.Limits{SessionDaily: 20, SessionActive: 3}, func() string { return "" }, "")
}

func BenchmarkSubmitToACampaign(b *testing.B) {
	benchmark(b, policy.Limits{SessionDaily: 20, SessionActive: 3}, func() string { return "" }, "expo")
}

func BenchmarkSubmitWithKey(b *testing.B) {
	benchmark(b, policy.Limits{SessionDaily: 20}, task.NewID, "")
}

func BenchmarkSubmitWithoutLimits(b *testing.B) {
	benchmark(b, policy.Limits{}, func() string { return "" }, "")
}

func BenchmarkBarePublish(b *testing.B) {
	f := open(b)
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			d := &draft{Request: f.request(""), id: task.ID(task.NewID())}
			j := f.job(d)
			if _, _, err := f.queue.Submit(b.Context(), j, string(j.ID)); err != nil {
				b.Error(err)
			}
		}
	})
}
