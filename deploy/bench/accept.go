package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
)

const producers = 64

// accept compares POST /tasks with the bare publish that it cannot do
// without, with and without an fsync before every answer. No worker is there,
// so nothing but accepting happens.
func (b *bench) accept(ctx context.Context) error {
	if err := b.acceptAt(ctx, fsync, report.AtLeast(0.8)); err != nil {
		return err
	}
	return b.acceptAt(ctx, interval, report.AtLeast(0.35))
}

// rounds gathers what alternating rounds gave.
type rounds struct {
	bare, accepts, keyless, ratio, keylessRatio, p99, cost, bareCost, byCost []float64
	last, lastBare                                                           load.Result
}

func (b *bench) acceptAt(ctx context.Context, sync string, goal report.Goal) error {
	r, err := b.rig(ctx, rig.Options{Sync: sync, Model: copyModel, Capacity: 16})
	if err != nil {
		return err
	}
	defer r.Close()
	who, job, err := b.acceptOnly(ctx, r, owners)
	if err != nil {
		return err
	}
	var got rounds
	for range b.config.Rounds {
		if err := b.acceptRound(ctx, r, who, job, sync, &got); err != nil {
			return err
		}
	}
	if err := b.profile(ctx, r, "accept-"+sync, func() error {
		p := b.post(r, who)
		p.For = b.config.Profile + time.Second
		_, err := b.load(ctx, load.Job{Post: &p})
		return err
	}); err != nil {
		return err
	}
	counted, err := b.counted(ctx, sync)
	if err != nil {
		return err
	}
	group := "accept, sync " + sync
	b.out.Add(report.Row{Group: group, Name: "bare publish", Unit: "/s", Rounds: got.bare, Note: fmt.Sprintf("%d producers in the process of the engine, %d-byte jobs with a message id", producers, len(job))})
	b.out.Add(report.Row{Group: group, Name: "POST /tasks", Unit: "/s", Rounds: got.accepts, Note: fmt.Sprintf("%d keep-alive connections, %d sessions, Idempotency-Key", conns, len(who))})
	b.out.Add(report.Row{Group: group, Name: "POST /tasks without a key", Unit: "/s", Rounds: got.keyless})
	b.out.Add(report.Row{Group: group, Name: "POST /tasks with a quota", Unit: "/s", Rounds: counted, Note: fmt.Sprintf("%d sessions whose tasks are counted", crowded)})
	b.out.Add(report.Row{Group: group, Name: "share of the bare publish", Unit: "×", Rounds: got.ratio, Goal: goal})
	b.out.Add(report.Row{Group: group, Name: "the same without a key", Unit: "×", Rounds: got.keylessRatio, Goal: goal})
	b.out.Add(report.Row{Group: group, Name: "p99", Unit: "ms", Rounds: got.p99})
	b.out.Add(report.Row{Group: group, Name: "gateway processor time", Unit: "µs each", Rounds: got.cost})
	b.out.Add(report.Row{Group: group, Name: "bare publish, processor time", Unit: "µs each", Rounds: got.bareCost})
	b.out.Add(report.Row{Group: group, Name: "share by processor time", Unit: "×", Rounds: got.byCost,
		Note: "bare publish against gateway and load together: what processors alone would allow, and less moved by other programs than a rate"})
	b.out.Plot(group, "POST /tasks", got.last.Times)
	b.out.Plot(group, "bare publish", got.lastBare.Times)
	return nil
}

// acceptOnly prepares a rig that accepts and does nothing else, and gives
// the bytes of one of its jobs.
func (b *bench) acceptOnly(ctx context.Context, r *rig.Rig, sessions int) ([]load.Owner, []byte, error) {
	who, err := b.alone(ctx, r, sessions)
	if err != nil {
		return nil, nil, err
	}
	p := b.post(r, who)
	p.Count = conns
	if _, err := b.load(ctx, load.Job{Post: &p}); err != nil {
		return nil, nil, err
	}
	job, err := lastJob(ctx, r)
	return who, job, err
}

func (b *bench) acceptRound(ctx context.Context, r *rig.Rig, who []load.Owner, job []byte, sync string, got *rounds) error {
	bare, err := b.undisturbed(ctx, r, func() (load.Result, error) { return b.bare(ctx, job, sync) })
	if err != nil {
		return err
	}
	var cost float64
	res, err := b.undisturbed(ctx, r, func() (res load.Result, err error) {
		res, cost, err = b.acceptOnce(ctx, r, who)
		return res, err
	})
	if err != nil {
		return err
	}
	keyless, err := b.posted(ctx, r, who, func(p *load.Post) { p.For, p.Keys = b.config.For, false })
	if err != nil {
		return err
	}
	got.bare = append(got.bare, bare.PerSecond())
	got.accepts = append(got.accepts, res.PerSecond())
	got.keyless = append(got.keyless, keyless.PerSecond())
	got.ratio = append(got.ratio, res.PerSecond()/bare.PerSecond())
	got.keylessRatio = append(got.keylessRatio, keyless.PerSecond()/bare.PerSecond())
	got.p99 = append(got.p99, res.Times.P99)
	got.cost = append(got.cost, cost)
	bareCost, loadCost := bare.CPU/float64(max(1, bare.Done))*1e6, res.CPU/float64(max(1, res.Done))*1e6
	got.bareCost = append(got.bareCost, bareCost)
	got.byCost = append(got.byCost, bareCost/(cost+loadCost))
	got.last, got.lastBare = res, bare
	return nil
}

// acceptOnce posts for one round and checks that every 202 is in the queue;
// cost is the gateway's, in microseconds of processor time each.
func (b *bench) acceptOnce(ctx context.Context, r *rig.Rig, who []load.Owner) (res load.Result, cost float64, err error) {
	queued, err := backlog(ctx, r)
	if err != nil {
		return res, 0, err
	}
	before, err := r.Usage()
	if err != nil {
		return res, 0, err
	}
	p := b.post(r, who)
	p.For = b.config.For
	if res, err = b.load(ctx, load.Job{Post: &p}); err != nil {
		return res, 0, err
	}
	after, err := r.Usage()
	if err != nil {
		return res, 0, err
	}
	now, err := backlog(ctx, r)
	if err == nil && int(now-queued) != res.Done {
		err = fmt.Errorf("%d tasks were accepted and %d are in the queue", res.Done, now-queued)
	}
	return res, (after.Gateway - before.Gateway) / float64(max(1, res.Done)) * 1e6, err
}

// counted is accepting with a daily limit that nobody reaches, so that every
// task is written into its session's account.
func (b *bench) counted(ctx context.Context, sync string) (rates []float64, err error) {
	r, err := b.rig(ctx, rig.Options{Sync: sync, Model: copyModel, Capacity: 16, Daily: 1_000_000})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	who, _, err := b.acceptOnly(ctx, r, crowded)
	if err != nil {
		return nil, err
	}
	for range b.config.Rounds {
		res, err := b.posted(ctx, r, who, func(p *load.Post) { p.For = b.config.For })
		if err != nil {
			return nil, err
		}
		rates = append(rates, res.PerSecond())
	}
	return rates, nil
}

// bare is one round of the yardstick, in a fresh directory on the same disk.
func (b *bench) bare(ctx context.Context, job []byte, sync string) (load.Result, error) {
	dir, err := os.MkdirTemp(b.dir, "bare-")
	if err != nil {
		return load.Result{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	p := load.Publish{Dir: dir, Always: sync == fsync, Producers: producers, For: b.config.For, Data: job}
	if !p.Always {
		if p.Interval, err = time.ParseDuration(sync); err != nil {
			return load.Result{}, err
		}
	}
	return b.load(ctx, load.Job{Publish: &p})
}

// profile runs work with the CPU profiler on, when profiles are asked for.
func (b *bench) profile(ctx context.Context, r *rig.Rig, name string, work func() error) error {
	if b.config.Profile == 0 {
		return nil
	}
	done := make(chan error, 1)
	go func() {
		done <- r.Profile(ctx, int(b.config.Profile.Seconds()), filepath.Join(b.config.Out, name+".pprof"))
	}()
	if err := work(); err != nil {
		return err
	}
	return <-done
}
