package main

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	floodModel = "picture=copy&latency=500ms&jitter=100ms"
	floodSlots = 8    // of each of two workers
	floodTasks = 1500 // of one session: far more than end while we look
	victims    = 12   // tasks of the other session, one after the other
	floodGoal  = 1.2
)

// fairness measures what one session that floods the queue does to a task of
// another: from acceptance to end, without and with the flood. Both come from
// one network, so that only fairness between sessions helps.
func (b *bench) fairness(ctx context.Context) error {
	var alone, flooded, ratio []float64
	for range max(1, b.config.Rounds-1) {
		a, f, err := b.floodRound(ctx)
		if err != nil {
			return err
		}
		alone, flooded, ratio = append(alone, a), append(flooded, f), append(ratio, f/a)
	}
	group := "fairness"
	b.out.Add(report.Row{Group: group, Name: "task alone, median", Unit: "ms", Rounds: alone, Note: fmt.Sprintf("%d slots, provider takes 500–600 ms", 2*floodSlots)})
	b.out.Add(report.Row{Group: group, Name: "beside a flood, median", Unit: "ms", Rounds: flooded, Note: fmt.Sprintf("another session has queued %d tasks before", floodTasks)})
	b.out.Add(report.Row{Group: group, Name: "delay", Unit: "×", Rounds: ratio, Goal: report.AtMost(floodGoal)})
	return nil
}

func (b *bench) floodRound(ctx context.Context) (alone, flooded float64, err error) {
	r, err := b.rig(ctx, rig.Options{Sync: fsync, Model: floodModel, Capacity: floodSlots})
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	if err := r.StartWorkers(ctx, 2); err != nil {
		return 0, 0, err
	}
	who, err := b.crowd(ctx, r, 2)
	if err != nil {
		return 0, 0, err
	}
	if alone, err = b.victim(ctx, r, who[0]); err != nil {
		return 0, 0, err
	}
	p := b.post(r, who[1:])
	p.Count = floodTasks
	res, err := b.load(ctx, load.Job{Post: &p})
	if err != nil {
		return 0, 0, err
	}
	if res.Done != floodTasks {
		return 0, 0, fmt.Errorf("the flood was held back: %v", res.Refused)
	}
	if flooded, err = b.victim(ctx, r, who[0]); err != nil {
		return 0, 0, err
	}
	left, err := backlog(ctx, r)
	if err == nil && left < floodTasks/10 {
		err = fmt.Errorf("the flood was over too early: %d tasks left", left)
	}
	return alone, flooded, err
}

// victim submits tasks one after the other and gives the median time from
// acceptance to end, in milliseconds.
func (b *bench) victim(ctx context.Context, r *rig.Rig, o load.Owner) (ms float64, err error) {
	seed := b.seed
	b.seed += victims
	_, err = b.once(ctx, r, func() (res load.Result, err error) {
		ms, err = oneByOne(ctx, r, o, seed)
		return res, err
	})
	return ms, err
}

func oneByOne(ctx context.Context, r *rig.Rig, o load.Owner, seed int64) (float64, error) {
	c, err := r.Client()
	if err != nil {
		return 0, err
	}
	s := c.Session(o.Token)
	var took []float64
	for i := range victims {
		n := seed + int64(i)
		t, err := s.Submit(ctx, client.NewTask{UploadID: o.Upload, Style: style, Place: place, Options: &task.Options{Seed: &n}})
		if err != nil {
			return 0, err
		}
		if t, err = s.Wait(ctx, t.TaskID); err != nil {
			return 0, err
		}
		if t.State != task.Succeeded || t.FinishedAt == nil {
			return 0, fmt.Errorf("task %s ended %s", t.TaskID, t.State)
		}
		took = append(took, float64(t.FinishedAt.Sub(t.CreatedAt))/float64(time.Millisecond))
	}
	return stat.Median(took), nil
}
