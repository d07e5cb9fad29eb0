package load

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// written is a task that one writer moves on.
type written struct {
	record   *task.Record
	revision uint64
	stream   *stream
}

// write makes revisions at the rate of the job, spread evenly over tasks and
// time, and returns how many and in what time.
func (w *watcher) write(ctx context.Context) (int64, time.Duration, error) {
	c := engine.Defaults()
	c.URL, c.Token = w.job.Engine, secret.New(w.job.Secret)
	e, err := engine.Open(ctx, c)
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	q, err := queue.Open(ctx, e, 0, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return 0, 0, err
	}
	tasks, err := w.lookup(ctx, q)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	var made atomic.Int64
	errs := make([]error, w.job.Writers)
	var writers sync.WaitGroup
	for i := range w.job.Writers {
		writers.Go(func() {
			for n := i; ctx.Err() == nil; n += w.job.Writers {
				due := start.Add(time.Duration(float64(n) / w.job.Rate * float64(time.Second)))
				if due.Sub(start) >= w.job.For {
					return
				}
				time.Sleep(time.Until(due))
				if errs[i] = tasks[n%len(tasks)].advance(ctx, q); errs[i] != nil {
					return
				}
				made.Add(1)
			}
		})
	}
	writers.Wait()
	return made.Load(), time.Since(start), errors.Join(errs...)
}

func (w *watcher) lookup(ctx context.Context, q *queue.Queue) ([]*written, error) {
	tasks := make([]*written, len(w.streams))
	for i, t := range w.job.Watched {
		r, rev, err := q.Lookup(ctx, t.Session, t.Task)
		if err != nil {
			return nil, err
		}
		tasks[i] = &written{record: r, revision: rev, stream: w.streams[i]}
	}
	return tasks, nil
}

// advance writes one more progress revision.
func (t *written) advance(ctx context.Context, q *queue.Queue) error {
	t.record.Progress = min(99, t.record.Progress+1)
	if err := t.record.To(task.Running, task.EventProgress); err != nil {
		return err
	}
	t.stream.made[t.record.Version%maxVersions].Store(time.Now().UnixNano())
	rev, err := q.Write(ctx, t.record, t.revision)
	t.revision = rev
	return err
}
