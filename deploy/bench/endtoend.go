package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	tasksMetric = "imgfleet_dispatch_tasks_total"
	doneWithin  = 90 * time.Second
	pollDone    = 20 * time.Millisecond
	slots       = 64 // of each of two workers
	maxPicture  = 32 << 20
)

// endToEnd measures finished tasks per second: accepted, dispatched over the
// wire, made, stored and settled, with everything on this machine.
func (b *bench) endToEnd(ctx context.Context) error {
	photo, err := rig.Photo(1280, 960)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name, sync, model string
		count, owners     int
		photo             []byte
		goal              report.Goal
	}{
		{"fixed picture, sync " + interval, interval, copyModel, 3000, owners, nil, report.AtLeast(1000)},
		{"fixed picture, sync " + fsync, fsync, copyModel, 1000, owners, nil, report.Goal{}},
		{"real pictures of 1280×960", interval, "latency=0", 48, 16, photo, report.Goal{}},
	} {
		r, err := b.rig(ctx, rig.Options{Sync: c.sync, Model: c.model, Capacity: slots})
		if err != nil {
			return err
		}
		err = b.finish(ctx, r, c.name, c.count, c.owners, c.photo, c.goal)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) finish(ctx context.Context, r *rig.Rig, name string, count, owners int, photo []byte, goal report.Goal) error {
	if err := r.StartWorkers(ctx, 2); err != nil {
		return err
	}
	var who []load.Owner
	var err error
	if photo == nil {
		who, err = b.crowd(ctx, r, owners)
	} else {
		who, err = r.Owners(ctx, owners, photo)
	}
	if err != nil {
		return err
	}
	var rates, gateway, workers []float64
	for range b.config.Rounds {
		done, err := b.batch(ctx, r, who, count)
		if err != nil {
			return err
		}
		rates, gateway, workers = append(rates, done.rate), append(gateway, done.gateway), append(workers, done.workers)
	}
	if err := b.profile(ctx, r, "endtoend-"+name, func() error {
		_, err := b.batch(ctx, r, who, int(stretch*float64(count)))
		return err
	}); err != nil {
		return err
	}
	group := "end to end"
	b.out.Add(report.Row{Group: group, Name: name, Unit: "/s", Rounds: rates, Goal: goal})
	b.out.Add(report.Row{Group: group, Name: name + ", gateway", Unit: "µs each", Rounds: gateway})
	b.out.Add(report.Row{Group: group, Name: name + ", workers", Unit: "µs each", Rounds: workers})
	return lookAt(ctx, r, who)
}

// stretch makes a batch long enough to be profiled.
const stretch = 1.5

// done is what a batch gave: tasks per second from the first request to the
// last success, and the microseconds of processor time that each one took.
type done struct{ rate, gateway, workers float64 }

// batch posts count tasks and waits for the last one.
func (b *bench) batch(ctx context.Context, r *rig.Rig, who []load.Owner, count int) (d done, err error) {
	_, err = b.undisturbed(ctx, r, func() (res load.Result, err error) {
		before, err := r.Usage()
		if err != nil {
			return res, err
		}
		if res, d.rate, err = b.batchOnce(ctx, r, who, count); err != nil {
			return res, err
		}
		after, err := r.Usage()
		d.gateway = (after.Gateway - before.Gateway) / float64(count) * 1e6
		d.workers = (after.Workers - before.Workers) / float64(count) * 1e6
		return res, err
	})
	return d, err
}

func (b *bench) batchOnce(ctx context.Context, r *rig.Rig, who []load.Owner, count int) (res load.Result, rate float64, err error) {
	before, err := r.Metric(ctx, tasksMetric, `state="succeeded"`)
	if err != nil {
		return res, 0, err
	}
	p := b.post(r, who)
	p.Count = count
	proc, err := load.Start(ctx, b.self, load.Job{Post: &p}, b.stderr)
	if err != nil {
		return res, 0, err
	}
	defer proc.Close()
	start := time.Now()
	if res, err = proc.Go(); err != nil {
		return res, 0, err
	}
	if res.Done != count {
		return res, 0, fmt.Errorf("%d of %d tasks accepted: %v", res.Done, count, res.Refused)
	}
	if err := drained(ctx, r); err != nil {
		return res, 0, err
	}
	took := time.Since(start)
	now, err := r.Metric(ctx, tasksMetric, `state="succeeded"`)
	if err == nil && int(now-before) != count {
		err = fmt.Errorf("%.0f of %d tasks succeeded", now-before, count)
	}
	return res, float64(count) / took.Seconds(), err
}

// drained waits until every job has been acknowledged: its task has ended and
// its books are closed. The engine is asked, because that is cheap.
func drained(ctx context.Context, r *rig.Rig) error {
	return within(ctx, r, func(e *engine.Engine) error {
		return programs.Retry(ctx, doneWithin, pollDone, func(ctx context.Context) error {
			s, err := streamState(ctx, e, jobsStream)
			if err == nil && s.Msgs > 0 {
				err = fmt.Errorf("%d jobs are in the queue", s.Msgs)
			}
			return err
		})
	})
}

// lookAt fetches one finished picture, as a person would.
func lookAt(ctx context.Context, r *rig.Rig, who []load.Owner) error {
	c, err := r.Client()
	if err != nil {
		return err
	}
	page, _, err := c.Session(who[0].Token).List(ctx, 1, "")
	if err != nil {
		return err
	}
	if len(page) == 0 || page[0].State != task.Succeeded || page[0].Result == nil {
		return errors.New("a session's newest task is not a success")
	}
	picture, _, err := c.Fetch(ctx, page[0].Result.ImageURL, maxPicture)
	if err == nil && len(picture) == 0 {
		err = errors.New("an empty picture")
	}
	return err
}
