package main

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	streamSessions = 100
	streamWriters  = 50
	eventsRate     = 10_000
	eventsFor      = 4 * time.Second
	fullRate       = 0.95            // of the events wanted, or their times answer another question
	settle         = 3 * time.Second // until memory has stopped moving
	idleGoal       = 80              // MB
	streamGoal     = 32              // KB

	// anonymousMB is the unit of memory: heap and stacks, without the pages of
	// files that the kernel may drop.
	anonymousMB = "MB anonymous"
)

// streams measures what an idle gateway and an idle event stream cost, and
// how long an event takes from its writing to the client when all streams
// together get ten thousand a second.
func (b *bench) streams(ctx context.Context) error {
	r, err := b.rig(ctx, rig.Options{Sync: interval, Model: copyModel, Capacity: 16})
	if err != nil {
		return err
	}
	defer r.Close()
	empty, err := settled(ctx, r)
	if err != nil {
		return err
	}
	b.out.Add(report.Row{Group: "memory", Name: "idle gateway", Unit: anonymousMB, Rounds: []float64{mega(empty)}, Goal: report.AtMost(idleGoal)})
	watched, err := b.watched(ctx, r)
	if err != nil {
		return err
	}
	// A fresh process has no garbage of the preparation that streams could
	// reuse unseen.
	before, err := restarted(ctx, r)
	if err != nil {
		return err
	}
	proc, err := load.Start(ctx, b.self, load.Job{Streams: &load.Streams{
		Addr: r.Addr(), Engine: r.EngineURL(), Secret: r.Token(), Watched: watched,
		Rate: eventsRate, For: eventsFor, Writers: streamWriters,
	}}, b.stderr)
	if err != nil {
		return err
	}
	defer proc.Close()
	idle, err := settled(ctx, r)
	if err != nil {
		return err
	}
	if err := allOpen(ctx, r, len(watched)); err != nil {
		return err
	}
	b.out.Add(report.Row{Group: "memory", Name: "gateway before the streams", Unit: anonymousMB, Rounds: []float64{mega(before)}, Note: "restarted on their tasks"})
	b.out.Add(report.Row{Group: "memory", Name: "gateway with the streams", Unit: anonymousMB, Rounds: []float64{mega(idle)}})
	perStream := float64(idle-before) / float64(len(watched)) / 1024
	bound := float64(idle-empty) / float64(len(watched)) / 1024
	b.out.Add(report.Row{Group: "memory", Name: fmt.Sprintf("each of %d idle streams", len(watched)), Unit: "KB anonymous", Rounds: []float64{perStream}, Goal: report.AtMost(streamGoal)})
	b.out.Add(report.Row{Group: "memory", Name: "the same, from an empty gateway", Unit: "KB anonymous", Rounds: []float64{bound}, Goal: report.AtMost(streamGoal),
		Note: "an upper bound: the tasks count too, and nothing of the preparation can be reused unseen"})
	return b.deliver(ctx, r, proc, len(watched))
}

// allOpen checks the gateway's own count: what is measured must be there.
func allOpen(ctx context.Context, r *rig.Rig, want int) error {
	open, err := r.Metric(ctx, "imgfleet_http_open_streams")
	if err == nil && int(open) != want {
		err = fmt.Errorf("%.0f streams are open, not %d", open, want)
	}
	return err
}

func (b *bench) deliver(ctx context.Context, r *rig.Rig, proc *load.Process, streams int) error {
	before, err := r.Usage()
	if err != nil {
		return err
	}
	res, err := b.once(ctx, r, func() (load.Result, error) {
		res, err := proc.Go()
		res.CPU -= proc.Prepared()
		return res, err
	})
	if err != nil {
		return err
	}
	after, err := r.Usage()
	if err != nil {
		return err
	}
	if res.Missing != 0 || len(res.Refused) > 0 {
		b.out.Remark("%d events of %d never came (%v)", res.Missing, res.Missing+res.Done, res.Refused)
	}
	used, err := r.Memory()
	if err != nil {
		return err
	}
	if res.PerSecond() < fullRate*eventsRate {
		b.out.Remark("only %.0f of %d events/s could be written: the times of delivery are those of the lower rate", res.PerSecond(), eventsRate)
	}
	group := "delivery"
	b.out.Add(report.Row{Group: group, Name: fmt.Sprintf("events over %d streams", streams), Unit: "/s", Rounds: []float64{res.PerSecond()}})
	b.out.Add(report.Row{Group: group, Name: "median", Unit: "ms", Rounds: []float64{res.Times.P50}, Note: "from before the revision is published to the last byte read by the client"})
	b.out.Add(report.Row{Group: group, Name: "p99", Unit: "ms", Rounds: []float64{res.Times.P99}})
	b.out.Add(report.Row{Group: group, Name: "gateway, engine included", Unit: "µs each", Rounds: []float64{(after.Gateway - before.Gateway) / float64(max(1, res.Done)) * 1e6}})
	b.out.Add(report.Row{Group: "memory", Name: "gateway after the events", Unit: anonymousMB, Rounds: []float64{mega(used)}})
	b.out.Plot(group, "publish to read", res.Times)
	return nil
}

// watched makes a running task for every stream, written through the queue as
// the dispatcher writes it.
func (b *bench) watched(ctx context.Context, r *rig.Rig) (tasks []load.Watched, err error) {
	c, err := r.Client()
	if err != nil {
		return nil, err
	}
	for i := range streamSessions {
		s, err := c.NewSession(ctx)
		if err != nil {
			return nil, err
		}
		for t := i; t < b.config.Streams; t += streamSessions {
			tasks = append(tasks, load.Watched{Session: s.ID(), Task: task.ID(task.NewID()), Token: s.Token()})
		}
	}
	return tasks, withQueue(ctx, r, func(q *queue.Queue) error {
		return programs.Parallel(lanes, len(tasks), func(i int) error {
			_, err := q.Write(ctx, running(tasks[i].Session, tasks[i].Task), 0)
			return err
		})
	})
}

// running is a record as it is after the first attempt was written.
func running(s task.SessionID, id task.ID) *task.Record {
	now, seed := time.Now().UTC(), int64(42)
	return &task.Record{
		ID: id, Session: s, Version: 2, Event: task.EventProgress, State: task.Running, Progress: 1, Stage: task.StageGenerating,
		CreatedAt: now, StartedAt: &now, Deadline: now.Add(10 * time.Minute), ExpiresAt: now.Add(24 * time.Hour),
		BodyHash: task.DeriveID("body"), Upload: task.UploadID(task.NewID()), Fingerprint: "sha256:" + task.NewID() + task.NewID(),
		PhotoKey: string(s) + "/uploads/" + string(id) + "/photo.jpg", Style: style, Place: place,
		Options: task.Options{Seed: &seed}, Seed: seed, CatalogVersion: 1,
		Attempts: []task.Attempt{{Number: 1, Provider: "mock", Region: "a", Worker: "worker-1", Address: "127.0.0.1:40000", StartedAt: now}},
	}
}

// lanes is how many things are prepared at once.
const lanes = 32

// settled is the memory of a gateway that has been left alone for a while.
func settled(ctx context.Context, r *rig.Rig) (int64, error) {
	if !programs.Wait(ctx, settle) {
		return 0, context.Cause(ctx)
	}
	return r.Memory()
}

// restarted is the memory of a gateway that has just started on its data.
func restarted(ctx context.Context, r *rig.Rig) (int64, error) {
	if err := r.Restart(ctx); err != nil {
		return 0, err
	}
	return settled(ctx, r)
}

func mega(bytes int64) float64 { return float64(bytes) / (1 << 20) }
