package dispatch

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// BenchmarkAcceptToFinished is the whole path of a task through the queue and
// the dispatcher, with workers and books that cost nothing: 64 producers
// submit, and the clock stops when the last task is settled.
func BenchmarkAcceptToFinished(b *testing.B) {
	for _, updates := range []int{0, 3} {
		b.Run(fmt.Sprintf("updates=%d", updates), func(b *testing.B) {
			w := newWorld(b, with(worker("w1", "", 64, "a"), worker("w2", "", 64, "a")))
			w.workers.script = func(c *call) (workerrpc.Outcome, error) {
				for i := range updates {
					c.say(workerrpc.Update{VendorTask: fmt.Sprint(i)}) // each is written
				}
				o := picture()
				o.Task, o.Number = c.req.Task, c.req.Number
				return o, nil
			}
			d := w.start()
			d.leads()
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			var next atomic.Int64
			var work sync.WaitGroup
			for p := range 64 {
				session := task.SessionID(task.NewID())
				work.Go(func() {
					for next.Add(1) <= int64(b.N) {
						now := time.Now().UTC()
						j := &task.Job{
							ID: task.ID(task.NewID()), Session: session, Network: fmt.Sprint(p % 16), CreatedAt: now,
							Deadline: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour), PhotoKey: "photo",
						}
						if _, _, err := w.queue.Submit(b.Context(), j, string(j.ID)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			for range b.N {
				within(b, w.books.each, "the next task is settled")
			}
			work.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-us/task")
		})
	}
}

// cpu is the processor time this process has used: unlike the clock's, it
// hardly depends on what else the machine does.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
