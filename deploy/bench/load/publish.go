package load

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// publisher runs a Publish.
type publisher struct {
	job    Publish
	engine *engine.Engine
}

func (p *publisher) prepare(ctx context.Context) error {
	c := engine.Defaults()
	c.Dir, c.Always = p.job.Dir, p.job.Always
	if p.job.Interval > 0 {
		c.Interval = p.job.Interval
	}
	e, err := engine.Open(ctx, c)
	if err != nil {
		return err
	}
	p.engine = e
	_, err = e.Stream(ctx, jetstream.StreamConfig{
		Name: "JOBS", Subjects: []string{"job.*.*"}, Storage: jetstream.FileStorage,
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew, MaxMsgs: -1,
		Duplicates: 2 * time.Minute, AllowDirect: true,
	})
	return err
}

func (p *publisher) close() {
	if p.engine != nil {
		p.engine.Close()
	}
}

func (p *publisher) run(ctx context.Context) (Result, error) {
	return drive(p.job.Producers, func(_ int, start time.Time) ([]time.Duration, error) { return p.produce(ctx, start) })
}

func (p *publisher) produce(ctx context.Context, start time.Time) (times []time.Duration, err error) {
	session := task.NewID()
	for {
		sent := time.Now()
		if sent.Sub(start) >= p.job.For {
			return times, nil
		}
		id := task.NewID()
		m := &nats.Msg{Subject: "job." + session + "." + id, Data: p.job.Data}
		if _, err := p.engine.JetStream().PublishMsg(ctx, m, jetstream.WithMsgID(id)); err != nil {
			return times, err
		}
		times = append(times, time.Since(sent))
	}
}
