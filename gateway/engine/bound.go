package engine

import (
	"context"
	"maps"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// boundJetStream bounds every call of ours, and notes publishes that fail. What it does not name, nobody here
// calls; a test says so.
type boundJetStream struct {
	jetstream.JetStream

	b     bounded
	room  *room
	marks *marks
}

// PublishMsg is repeated when nothing was stored, and when the engine knows a
// repeat by its message id.
func (j *boundJetStream) PublishMsg(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if err := j.room.writes(); err != nil && !j.inMemory(m.Subject) {
		return nil, err
	}
	again := func(err error) bool {
		return unsent(err) && !Full(err) || timedOut(err) && m.Header.Get(jetstream.MsgIDHeader) != ""
	}
	return try(ctx, j.b, j.b.Write, again, func(one context.Context) (*jetstream.PubAck, error) {
		own := *m // a try that was left may still write its header
		own.Header = maps.Clone(m.Header)
		ack, err := j.JetStream.PublishMsg(one, &own, opts...)
		j.marks.take(ctx, m.Subject, ack, err)
		return ack, err
	})
}

func (j *boundJetStream) inMemory(subject string) bool {
	s := j.marks.streams.taking(subject)
	return s != nil && s.want.Storage == jetstream.MemoryStorage
}

func (j *boundJetStream) Publish(ctx context.Context, subject string, data []byte, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	return j.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data}, opts...)
}

func (j *boundJetStream) AccountInfo(ctx context.Context) (*jetstream.AccountInfo, error) {
	return once(ctx, j.b, j.b.Read, j.JetStream.AccountInfo)
}

func (j *boundJetStream) Stream(ctx context.Context, name string) (jetstream.Stream, error) {
	return j.bound(try(ctx, j.b, j.b.Read, away, func(ctx context.Context) (jetstream.Stream, error) { return j.JetStream.Stream(ctx, name) }))
}

func (j *boundJetStream) CreateStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	return j.bound(try(ctx, j.b, j.b.Slow, unsent, func(ctx context.Context) (jetstream.Stream, error) { return j.JetStream.CreateStream(ctx, c) }))
}

func (j *boundJetStream) UpdateStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	return j.bound(try(ctx, j.b, j.b.Slow, unsent, func(ctx context.Context) (jetstream.Stream, error) { return j.JetStream.UpdateStream(ctx, c) }))
}

func (j *boundJetStream) CreateOrUpdateStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	return j.bound(try(ctx, j.b, j.b.Slow, unsent, func(ctx context.Context) (jetstream.Stream, error) {
		return j.JetStream.CreateOrUpdateStream(ctx, c)
	}))
}

func (j *boundJetStream) DeleteStream(ctx context.Context, name string) error {
	return done(ctx, j.b, j.b.Slow, unsent, func(ctx context.Context) error { return j.JetStream.DeleteStream(ctx, name) })
}

// ListStreams and StreamNames read page after page while they are walked.
func (j *boundJetStream) ListStreams(ctx context.Context, opts ...jetstream.StreamListOpt) jetstream.StreamInfoLister {
	return j.JetStream.ListStreams(within(ctx, j.b.Slow), opts...)
}

func (j *boundJetStream) StreamNames(ctx context.Context, opts ...jetstream.StreamListOpt) jetstream.StreamNameLister {
	return j.JetStream.StreamNames(within(ctx, j.b.Slow), opts...)
}

func (j *boundJetStream) CreateConsumer(ctx context.Context, stream string, c jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	return j.consumer(try(ctx, j.b, j.b.Write, unsent, func(ctx context.Context) (jetstream.Consumer, error) {
		return j.JetStream.CreateConsumer(ctx, stream, c)
	}))
}

func (j *boundJetStream) Consumer(ctx context.Context, stream, name string) (jetstream.Consumer, error) {
	return j.consumer(try(ctx, j.b, j.b.Read, away, func(ctx context.Context) (jetstream.Consumer, error) {
		return j.JetStream.Consumer(ctx, stream, name)
	}))
}

func (j *boundJetStream) DeleteConsumer(ctx context.Context, stream, name string) error {
	return done(ctx, j.b, j.b.Write, unsent, func(ctx context.Context) error { return j.JetStream.DeleteConsumer(ctx, stream, name) })
}

func (j *boundJetStream) bound(s jetstream.Stream, err error) (jetstream.Stream, error) {
	if err != nil {
		return nil, err
	}
	return &boundStream{s, j.b}, nil
}

func (j *boundJetStream) consumer(c jetstream.Consumer, err error) (jetstream.Consumer, error) {
	if err != nil {
		return nil, err
	}
	return &boundConsumer{c, j.b}, nil
}

// within ends some time after now. Its timer goes with it.
func within(ctx context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, d)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// boundStream bounds every call of ours.
type boundStream struct {
	jetstream.Stream

	b bounded
}

// Info without options is a read like others; with a filter of subjects it
// reads page after page.
func (s *boundStream) Info(ctx context.Context, opts ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	within := s.b.Read
	if len(opts) > 0 {
		within = s.b.Slow
	}
	return try(ctx, s.b, within, away, func(ctx context.Context) (*jetstream.StreamInfo, error) { return s.Stream.Info(ctx, opts...) })
}

func (s *boundStream) GetMsg(ctx context.Context, seq uint64, opts ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	return try(ctx, s.b, s.b.Read, away, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return read(ctx, s.Stream, func() (*jetstream.RawStreamMsg, error) { return s.Stream.GetMsg(ctx, seq, opts...) })
	})
}

func (s *boundStream) GetLastMsgForSubject(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	return try(ctx, s.b, s.b.Read, away, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return read(ctx, s.Stream, func() (*jetstream.RawStreamMsg, error) { return s.Stream.GetLastMsgForSubject(ctx, subject) })
	})
}

func (s *boundStream) Purge(ctx context.Context, opts ...jetstream.StreamPurgeOpt) error {
	return done(ctx, s.b, s.b.Slow, unsent, func(ctx context.Context) error { return s.Stream.Purge(ctx, opts...) })
}

func (s *boundStream) Consumer(ctx context.Context, name string) (jetstream.Consumer, error) {
	return s.consumer(try(ctx, s.b, s.b.Read, away, func(ctx context.Context) (jetstream.Consumer, error) { return s.Stream.Consumer(ctx, name) }))
}

func (s *boundStream) CreateConsumer(ctx context.Context, c jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	return s.consumer(try(ctx, s.b, s.b.Write, unsent, func(ctx context.Context) (jetstream.Consumer, error) { return s.Stream.CreateConsumer(ctx, c) }))
}

func (s *boundStream) DeleteConsumer(ctx context.Context, name string) error {
	return done(ctx, s.b, s.b.Write, unsent, func(ctx context.Context) error { return s.Stream.DeleteConsumer(ctx, name) })
}

func (s *boundStream) ConsumerNames(ctx context.Context) jetstream.ConsumerNameLister {
	return s.Stream.ConsumerNames(within(ctx, s.b.Slow))
}

func (s *boundStream) consumer(c jetstream.Consumer, err error) (jetstream.Consumer, error) {
	if err != nil {
		return nil, err
	}
	return &boundConsumer{c, s.b}, nil
}

// boundConsumer bounds what is asked about a consumer. What it delivers has
// heartbeats instead.
type boundConsumer struct {
	jetstream.Consumer

	b bounded
}

func (c *boundConsumer) Info(ctx context.Context) (*jetstream.ConsumerInfo, error) {
	return try(ctx, c.b, c.b.Read, away, c.Consumer.Info)
}
