package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytedance/sonic"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	jobsStream  = "JOBS"
	tasksStream = "TASKS"

	// dedupeWindow bounds the memory of message ids; beyond it the derived
	// task id and the record keep a retry from running twice.
	dedupeWindow = 2 * time.Minute

	// maxRevisions a task keeps; a replay that reaches further back gets a
	// snapshot instead.
	maxRevisions = 64
)

// Queue is the durable state of all tasks.
type Queue struct {
	engine *engine.Engine
	js     jetstream.JetStream
	jobs   jetstream.Stream
	tasks  jetstream.Stream
	hub    *hub
	pulse  *pulse
	load   atomic.Pointer[Load]
	log    *slog.Logger
	met    metrics
}

// Open makes the streams when they are missing. depth is the most jobs that
// wait or run at once in a queue that is made, 0 for no limit; SetDepth changes
// that of one that is there.
func Open(ctx context.Context, e *engine.Engine, depth int64, log *slog.Logger, reg prometheus.Registerer) (*Queue, error) {
	q := &Queue{engine: e, js: e.JetStream(), log: log, met: newMetrics(reg)}
	var err error
	if depth == 0 {
		depth = -1
	}
	q.jobs, err = e.Stream(ctx, jetstream.StreamConfig{
		Name: jobsStream, Subjects: []string{"job.*.*"}, Storage: jetstream.FileStorage,
		Retention: jetstream.WorkQueuePolicy, Discard: jetstream.DiscardNew, MaxMsgs: depth,
		Duplicates: dedupeWindow,
	})
	if err != nil {
		return nil, err
	}
	q.tasks, err = e.Stream(ctx, jetstream.StreamConfig{
		Name: tasksStream, Subjects: []string{"t.*.*"}, Storage: jetstream.FileStorage,
		MaxMsgsPerSubject: maxRevisions, Discard: jetstream.DiscardOld,
		AllowMsgTTL: true, AllowRollup: true,
		RePublish: &jetstream.RePublish{Source: "t.>", Destination: "live.t.>"},
	})
	if err != nil {
		return nil, err
	}
	q.hub, q.pulse = newHub(e.Conn(), q.Lookup, log, q.met), newPulse(time.Now())
	return q, nil
}

// SetDepth changes the most jobs that wait or run at once, 0 for no limit. It
// may be called while others use the queue.
func (q *Queue) SetDepth(ctx context.Context, depth int64) error {
	return q.engine.Limit(ctx, jobsStream, depth)
}

// Run feeds the followers and the load estimate until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	sub, err := q.engine.Conn().Subscribe(loadSubject, q.receiveLoad)
	if err != nil {
		return fmt.Errorf("subscribe to load: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() { q.runPulse(ctx) })
	return q.hub.run(ctx)
}

func jobSubject(s task.SessionID, id task.ID) string  { return "job." + string(s) + "." + string(id) }
func taskSubject(s task.SessionID, id task.ID) string { return "t." + string(s) + "." + string(id) }

// Accepts refuses new tasks while the engine has little room for those that are
// accepted already.
func (q *Queue) Accepts() error { return q.engine.Accepts() }

// Submit publishes a job; when it returns without an error the task is
// accepted and durable. The same messageID within two minutes is a duplicate
// and changes nothing. A full queue is fault.QueueFull.
func (q *Queue) Submit(ctx context.Context, j *task.Job, messageID string) (seq uint64, duplicate bool, err error) {
	data, err := sonic.Marshal(j)
	if err != nil {
		return 0, false, fmt.Errorf("encode job: %w", err)
	}
	start := time.Now()
	ack, err := q.js.PublishMsg(ctx, &nats.Msg{
		Subject: jobSubject(j.Session, j.ID), Data: data, Header: nats.Header{jetstream.MsgIDHeader: {messageID}}, // by which it may be repeated
	})
	q.met.submitSeconds.Observe(time.Since(start).Seconds())
	if err != nil {
		if engine.Full(err) {
			return 0, false, fault.Wrap(fault.QueueFull, err).After(q.DrainTime())
		}
		return 0, false, fmt.Errorf("publish job: %w", engine.Classify(err))
	}
	return ack.Sequence, ack.Duplicate, nil
}

// Job returns the job of a task that is not finished, or fault.NotFound.
func (q *Queue) Job(ctx context.Context, s task.SessionID, id task.ID) (*task.Job, uint64, error) {
	m, err := q.jobs.GetLastMsgForSubject(ctx, jobSubject(s, id))
	if err != nil {
		return nil, 0, engine.Classify(err)
	}
	j, err := decodeJob(m.Data)
	return j, m.Sequence, err
}

// Lookup returns the newest revision of a task, or the one that its job
// implies (revision 0). A tombstone comes back with Deleted set and no error;
// a task that never was is fault.NotFound.
func (q *Queue) Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error) {
	r, rev, err := q.record(ctx, s, id)
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return r, rev, err
	}
	j, seq, err := q.Job(ctx, s, id)
	if err == nil {
		r = j.Accepted()
		r.Queue = q.Estimate(seq)
		return r, 0, nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, 0, err
	}
	// The job may have ended between the two reads; then the record is there.
	return q.record(ctx, s, id)
}

// Known is Lookup for a task that probably does not exist, such as that of a new
// key. It asks for the job first. A job leaves only after its task's last
// revision is there, so two misses in this order are enough, where Lookup needs
// three.
func (q *Queue) Known(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error) {
	j, seq, err := q.Job(ctx, s, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, 0, err
	}
	queued := err == nil
	r, rev, err := q.record(ctx, s, id)
	if queued && err != nil && fault.KindOf(err) == fault.NotFound {
		r = j.Accepted()
		r.Queue = q.Estimate(seq)
		return r, 0, nil
	}
	return r, rev, err
}

func (q *Queue) record(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error) {
	m, err := q.tasks.GetLastMsgForSubject(ctx, taskSubject(s, id))
	if err != nil {
		return nil, 0, engine.Classify(err)
	}
	r, err := decodeRecord(m.Data)
	return r, m.Sequence, err
}

// Write stores r if the newest revision of the task is still expect (0: there
// is none). It keeps until r.ExpiresAt. A lost race is fault.RevisionConflict:
// read again and decide again.
func (q *Queue) Write(ctx context.Context, r *task.Record, expect uint64) (uint64, error) {
	return q.write(ctx, r, expect, time.Until(r.ExpiresAt), nil)
}

func (q *Queue) write(ctx context.Context, r *task.Record, expect uint64, ttl time.Duration, h nats.Header) (uint64, error) {
	data, err := sonic.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode record: %w", err)
	}
	seq, err := q.engine.Write(ctx, q.tasks, &nats.Msg{Subject: taskSubject(r.Session, r.ID), Data: data, Header: h}, expect, engine.TTL(ttl))
	if err != nil {
		return 0, fmt.Errorf("write task %s: %w", r.ID, err)
	}
	q.met.revisions.WithLabelValues(string(r.Event)).Inc()
	return seq, nil
}

func decodeJob(data []byte) (*task.Job, error) {
	j := new(task.Job)
	if err := sonic.Unmarshal(data, j); err != nil {
		return nil, fmt.Errorf("decode job: %w", err)
	}
	return j, nil
}

func decodeRecord(data []byte) (*task.Record, error) {
	r := new(task.Record)
	if err := sonic.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("decode record: %w", err)
	}
	return r, nil
}
