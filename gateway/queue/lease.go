package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	consumerName = "dispatch"
	ackWait      = 30 * time.Second

	// PulseEvery is how often a held lease must be renewed.
	PulseEvery = ackWait / 3
)

// Lease is a job in the hands of the dispatcher. It comes back to the queue
// when it is neither pulsed nor acknowledged in time.
type Lease struct {
	Job *task.Job
	Seq uint64 // in the jobs stream: the order of acceptance
	Old bool   // accepted before this dispatcher took over: somebody may have begun it
	msg jetstream.Msg
}

// Ack ends the job: its task is terminal and settled.
func (l Lease) Ack() error { return engine.Classify(l.msg.Ack()) }

// Pulse keeps the lease for another 30 seconds.
func (l Lease) Pulse() error { return engine.Classify(l.msg.InProgress()) }

// Return gives the job back, to be leased again after a delay.
func (l Lease) Return(delay time.Duration) error { return engine.Classify(l.msg.NakWithDelay(delay)) }

// Lead makes the caller the only consumer of jobs: whoever consumed before is
// cut off, and all that was leased and not acknowledged comes again at once.
// It calls on for each lease, at most window of which are out at a time, and
// returns when ctx ends or another dispatcher has taken over
// (fault.Conflict "deposed").
func (q *Queue) Lead(ctx context.Context, window int, on func(Lease)) error {
	if err := q.jobs.DeleteConsumer(ctx, consumerName); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("take over jobs: %w", engine.Classify(err))
	}
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return engine.Classify(err)
	}
	cons, err := q.jobs.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		MaxAckPending: window, MaxDeliver: -1, MemoryStorage: true,
	})
	if err != nil {
		return fmt.Errorf("consume jobs: %w", engine.Classify(err))
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(window), jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return engine.Classify(err)
	}
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	return q.lease(ctx, msgs, info.State.LastSeq, on)
}

func (q *Queue) lease(ctx context.Context, msgs jetstream.MessagesContext, old uint64, on func(Lease)) error {
	for {
		m, err := msgs.Next()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			if q.deposed(ctx) {
				return fault.Wrap(fault.Conflict, "deposed", err)
			}
			continue
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return fault.Wrap(fault.Conflict, "deposed", err)
		case err != nil:
			return fmt.Errorf("next job: %w", engine.Classify(err))
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("job metadata: %w", err)
		}
		j, err := decodeJob(m.Data())
		if err != nil {
			q.log.Error("job unreadable, set aside", "subject", m.Subject(), "err", err)
			_ = m.TermWithReason("unreadable")
			continue
		}
		on(Lease{Job: j, Seq: meta.Sequence.Stream, Old: meta.Sequence.Stream <= old || meta.NumDelivered > 1, msg: m})
	}
}

// deposed reports whether the consumer is gone for good.
func (q *Queue) deposed(ctx context.Context) bool {
	_, err := q.jobs.Consumer(ctx, consumerName)
	return errors.Is(err, jetstream.ErrConsumerNotFound)
}

// Backlog is how many jobs are not acknowledged.
func (q *Queue) Backlog(ctx context.Context) (uint64, error) {
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return 0, engine.Classify(err)
	}
	return info.State.Msgs, nil
}

// Cancels calls on for every SignalCancel until ctx ends.
func (q *Queue) Cancels(ctx context.Context, on func(task.SessionID, task.ID)) error {
	sub, err := q.engine.Conn().Subscribe(cancelSubject, func(m *nats.Msg) {
		if s, id, ok := strings.Cut(string(m.Data), "."); ok {
			on(task.SessionID(s), task.ID(id))
		}
	})
	if err != nil {
		return fmt.Errorf("listen for cancels: %w", err)
	}
	<-ctx.Done()
	_ = sub.Unsubscribe()
	return context.Cause(ctx)
}
