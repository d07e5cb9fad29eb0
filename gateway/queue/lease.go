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
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	consumerPrefix = "dispatch-"
	ackWait        = 30 * time.Second
	pullHeartbeat  = 2 * time.Second // a lost consumer is noticed after two
	flushWithin    = 5 * time.Second
	confirmWithin  = 2 * time.Second // one try

	// An election takes seconds. Who takes the queue over, or gives a job up,
	// goes on trying for so long.
	persistFor   = 15 * time.Second
	persistEvery = 100 * time.Millisecond

	// PulseEvery is how often a lease must be renewed.
	PulseEvery = ackWait / 3
)

// Lease is a job that the dispatcher works on. The job returns to the queue when
// the lease is neither renewed nor acknowledged in time.
type Lease struct {
	Job *task.Job
	Seq uint64 // in the jobs stream: the order of acceptance
	Old bool   // accepted before this dispatcher took over, so an earlier one may have begun it
	msg jetstream.Msg
}

// Ack ends the job: its task is terminal and settled.
func (l Lease) Ack() error { return engine.Classify(l.msg.Ack()) }

// Confirm is Ack, and waits until the engine has it. It asks again while the
// engine is away. Without an answer in the end the job comes again, and its
// task is known to have ended.
func (l Lease) Confirm(ctx context.Context) error {
	return persist(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, confirmWithin)
		defer cancel()
		return engine.Classify(l.msg.DoubleAck(ctx))
	})
}

// Pulse renews the lease for another 30 seconds.
func (l Lease) Pulse() error { return engine.Classify(l.msg.InProgress()) }

// Return gives the job back, to be leased again after a delay.
func (l Lease) Return(delay time.Duration) error { return engine.Classify(l.msg.NakWithDelay(delay)) }

// Lead makes the caller the only consumer of jobs. The consumer before is cut
// off, and what it leased and did not acknowledge is leased again at once. Lead
// calls on for each lease, of which at most so many are open at a time. It calls
// recovered once, when every job that an earlier dispatcher may have begun has
// been leased again. It returns when ctx ends or when another dispatcher takes
// over (fault.Deposed).
func (q *Queue) Lead(ctx context.Context, most int, on func(Lease), recovered func()) error {
	cons, info, err := q.takeOver(ctx, most)
	if err != nil {
		return fmt.Errorf("take over jobs: %w", err)
	}
	msgs, err := cons.Messages(jetstream.PullMaxMessages(most), jetstream.PullHeartbeat(pullHeartbeat), jetstream.PullExpiry(30*time.Second))
	if err != nil {
		return engine.Classify(err)
	}
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	l := leasing{q: q, name: cons.CachedInfo().Name, old: info.State.LastSeq, on: on, recovered: recovered}
	l.left = min(most, int(min(info.State.Msgs, 1<<30)))
	return l.run(ctx, msgs)
}

// takeOver makes the only consumer of jobs. Its name is new in every term: under
// a fixed name, a dispatcher that was deposed without noticing would go on with
// its successor's consumer.
func (q *Queue) takeOver(ctx context.Context, most int) (cons jetstream.Consumer, info *jetstream.StreamInfo, err error) {
	config := jetstream.ConsumerConfig{
		Durable: consumerPrefix + task.NewID(), AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		MaxAckPending: most, MaxDeliver: -1, MemoryStorage: true,
	}
	for _, step := range []func() error{
		func() error { return q.depose(ctx) },
		func() (err error) { info, err = q.jobs.Info(ctx); return engine.Classify(err) },
		func() (err error) { cons, err = q.jobs.CreateConsumer(ctx, config); return engine.Classify(err) }, // a repeat finds it
	} {
		if err := persist(ctx, step); err != nil {
			return nil, nil, err
		}
	}
	return cons, info, nil
}

// persist tries again while the engine is away, for as long as an election may
// take.
func persist(ctx context.Context, try func() error) error {
	for end := time.Now().Add(persistFor); ; {
		err := try()
		if k := fault.KindOf(err); err == nil || k != fault.Unavailable && k != fault.Timeout || time.Now().After(end) || !tick.Wait(ctx, persistEvery) {
			return err
		}
	}
}

// depose removes every consumer of jobs.
func (q *Queue) depose(ctx context.Context) error {
	names := q.jobs.ConsumerNames(ctx)
	for name := range names.Name() {
		if err := q.jobs.DeleteConsumer(ctx, name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return engine.Classify(err)
		}
	}
	return engine.Classify(names.Err())
}

// leasing is one term of consuming jobs.
type leasing struct {
	q         *Queue
	name      string // of our consumer
	old       uint64 // last job accepted before our term
	left      int    // jobs to see until those of the term before are all here
	on        func(Lease)
	recovered func()
}

func (l *leasing) run(ctx context.Context, msgs jetstream.MessagesContext) error {
	l.seen(0)
	for {
		m, err := msgs.Next()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			if l.deposed(ctx) {
				return fault.Wrap(fault.Deposed, err)
			}
			continue
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return fault.Wrap(fault.Deposed, err)
		case err != nil:
			return fmt.Errorf("next job: %w", engine.Classify(err))
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("job metadata: %w", err)
		}
		l.lease(m, meta)
		l.seen(1)
	}
}

func (l *leasing) lease(m jetstream.Msg, meta *jetstream.MsgMetadata) {
	j, err := decodeJob(m.Data())
	if err != nil {
		l.q.log.Error("job unreadable, set aside", "subject", m.Subject(), "err", err)
		_ = m.TermWithReason("unreadable")
		return
	}
	seq := meta.Sequence.Stream
	l.on(Lease{Job: j, Seq: seq, Old: seq <= l.old || meta.NumDelivered > 1, msg: m})
}

// seen counts down to the moment when all jobs of the term before are here.
func (l *leasing) seen(n int) {
	l.left -= n
	if l.left <= 0 && l.recovered != nil {
		l.recovered()
		l.recovered = nil
	}
}

// deposed reports whether our consumer is gone for good.
func (l *leasing) deposed(ctx context.Context) bool {
	_, err := l.q.jobs.Consumer(ctx, l.name)
	return errors.Is(err, jetstream.ErrConsumerNotFound)
}

// Drained is the sequence up to which every job is done.
func (q *Queue) Drained(ctx context.Context) (uint64, error) {
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return 0, engine.Classify(err)
	}
	return max(1, info.State.FirstSeq) - 1, nil
}

// Backlog is how many jobs are not acknowledged.
func (q *Queue) Backlog(ctx context.Context) (uint64, error) {
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return 0, engine.Classify(err)
	}
	return info.State.Msgs, nil
}

// Cancels calls on for every SignalCancel, from its return until stop.
func (q *Queue) Cancels(on func(task.SessionID, task.ID)) (stop func(), err error) {
	conn := q.engine.Conn()
	sub, err := conn.Subscribe(cancelSubject, func(m *nats.Msg) {
		if s, id, ok := strings.Cut(string(m.Data), "."); ok {
			on(task.SessionID(s), task.ID(id))
		}
	})
	if err == nil {
		err = conn.FlushTimeout(flushWithin) // the server knows of us from now on
	}
	if err != nil {
		return nil, fmt.Errorf("listen for cancels: %w", engine.Classify(err))
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
