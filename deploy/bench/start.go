package main

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	startRate = 200
	startGoal = 5 // ms, at the 99th percentile
	startFor  = 4 * time.Second
)

// start measures how long an accepted task waits for an idle fleet: from the
// time of acceptance in its document to the moment at which a worker's
// Generate is entered. The worker is one of our own, over the real wire, that
// notes the time and succeeds at once.
func (b *bench) start(ctx context.Context) error {
	for _, sync := range []string{fsync, interval} {
		if err := b.startAt(ctx, sync); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) startAt(ctx context.Context, sync string) error {
	r, err := b.rig(ctx, rig.Options{Sync: sync, Model: copyModel, Capacity: 16})
	if err != nil {
		return err
	}
	defer r.Close()
	who, err := b.alone(ctx, r, owners)
	if err != nil {
		return err
	}
	w, err := startProbe(ctx, r)
	if err != nil {
		return err
	}
	defer w.close()
	if err := r.AwaitWorkers(ctx, 1); err != nil {
		return err
	}
	var p99, p50, posts []float64
	var last stat.Times
	for range b.config.Rounds {
		res, err := b.posted(ctx, r, who, func(p *load.Post) { p.Rate, p.For, p.Keep = startRate, startFor, true })
		if err != nil {
			return err
		}
		if last, err = w.waits(ctx, res.Tasks); err != nil {
			return err
		}
		p50, p99, posts = append(p50, last.P50), append(p99, last.P99), append(posts, res.Times.P99)
		if err := b.decided(ctx, r, who[0].Session, res.Tasks); err != nil {
			return err
		}
	}
	group := "accept to worker start at 200/s, sync " + sync
	b.out.Add(report.Row{Group: group, Name: "median", Unit: "ms", Rounds: p50})
	b.out.Add(report.Row{Group: group, Name: "p99", Unit: "ms", Rounds: p99, Goal: report.AtMost(startGoal)})
	b.out.Add(report.Row{Group: group, Name: "POST /tasks p99", Unit: "ms", Rounds: posts})
	b.out.Plot(group, "accept to start", last)
	return nil
}

// decided checks that tasks of the run did succeed, by their records.
func (b *bench) decided(ctx context.Context, r *rig.Rig, s task.SessionID, accepted []load.Accepted) error {
	return withQueue(ctx, r, func(q *queue.Queue) error {
		ids, err := q.Tasks(ctx, s)
		if err != nil {
			return err
		}
		for _, id := range ids {
			rec, _, err := q.Lookup(ctx, s, id)
			if err != nil {
				return err
			}
			if rec.State.Terminal() && rec.State != task.Succeeded {
				return fmt.Errorf("task %s of %d ended %s", id, len(accepted), rec.State)
			}
		}
		return nil
	})
}
