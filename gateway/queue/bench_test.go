package queue

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// BenchmarkSubmit stands beside a bare publish of the same bytes: what the
// queue adds is what lies between them.
func BenchmarkSubmit(b *testing.B) {
	for _, always := range []bool{false, true} {
		for _, producers := range []int{1, 64} {
			name := fmt.Sprintf("sync=%v/producers=%d", map[bool]string{true: "always", false: "interval"}[always], producers)
			b.Run("queue/"+name, func(b *testing.B) {
				q := benchQueue(b, always)
				b.ReportAllocs()
				produce(b, producers, func(int) error {
					j := newJob("session")
					_, _, err := q.Submit(b.Context(), j, string(j.ID))
					return err
				})
			})
			b.Run("bare/"+name, func(b *testing.B) {
				q := benchQueue(b, always)
				data, err := sonic.Marshal(newJob("session"))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				produce(b, producers, func(int) error {
					id := task.NewID()
					_, err := q.js.PublishMsg(b.Context(), &nats.Msg{Subject: "job.session." + id, Data: data}, jetstream.WithMsgID(id))
					return err
				})
			})
		}
	}
}

// BenchmarkTask writes what a task writes: its job and three revisions.
func BenchmarkTask(b *testing.B) {
	for _, producers := range []int{1, 64} {
		b.Run(fmt.Sprintf("producers=%d", producers), func(b *testing.B) {
			q := benchQueue(b, false)
			b.ReportAllocs()
			produce(b, producers, func(int) error {
				j := newJob("session")
				if _, _, err := q.Submit(b.Context(), j, string(j.ID)); err != nil {
					return err
				}
				r, rev := j.Accepted(), uint64(0)
				for range 3 {
					_ = r.To(task.Running, task.EventProgress)
					var err error
					if rev, err = q.Write(b.Context(), r, rev); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

func benchQueue(b *testing.B, always bool) *Queue {
	b.Helper()
	e, err := engine.Open(b.Context(), engine.Config{Dir: b.TempDir(), Replicas: 1, Interval: time.Minute, Always: always})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(e.Close)
	q, err := Open(b.Context(), e, 0, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	return q
}

func produce(b *testing.B, producers int, one func(int) error) {
	b.Helper()
	var next atomic.Int64
	var work sync.WaitGroup
	b.ResetTimer()
	for range producers {
		work.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := one(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-s")
}
