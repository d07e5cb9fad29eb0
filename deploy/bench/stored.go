package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/queue"
)

const (
	jobsStream  = "JOBS"
	tasksStream = "TASKS"
)

// within gives work a connection to the engine of a rig.
func within(ctx context.Context, r *rig.Rig, work func(*engine.Engine) error) error {
	e, err := r.Engine(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	return work(e)
}

// withQueue gives work the queue in the engine of a rig.
func withQueue(ctx context.Context, r *rig.Rig, work func(*queue.Queue) error) error {
	return within(ctx, r, func(e *engine.Engine) error {
		q, err := queue.Open(ctx, e, 0, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			return err
		}
		return work(q)
	})
}

// streamState looks at one stream of a rig.
func streamState(ctx context.Context, e *engine.Engine, name string) (jetstream.StreamState, error) {
	s, err := e.JetStream().Stream(ctx, name)
	if err != nil {
		return jetstream.StreamState{}, fmt.Errorf("stream %s: %w", name, err)
	}
	return s.CachedInfo().State, nil
}

// backlog is how many jobs are in the queue.
func backlog(ctx context.Context, r *rig.Rig) (n uint64, err error) {
	err = within(ctx, r, func(e *engine.Engine) error {
		s, err := streamState(ctx, e, jobsStream)
		n = s.Msgs
		return err
	})
	return n, err
}

// lastJob is the newest job of the queue as it is stored.
func lastJob(ctx context.Context, r *rig.Rig) (job []byte, err error) {
	err = within(ctx, r, func(e *engine.Engine) error {
		s, err := e.JetStream().Stream(ctx, jobsStream)
		if err != nil {
			return err
		}
		m, err := s.GetMsg(ctx, s.CachedInfo().State.LastSeq)
		if err == nil {
			job = m.Data
		}
		return err
	})
	return job, err
}
