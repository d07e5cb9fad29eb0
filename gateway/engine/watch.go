package engine

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	watchHeartbeat = 5 * time.Second
	watchRetry     = 100 * time.Millisecond
)

// Watch calls on for the newest revision of every key under filter, then once
// with a zero Entry, and then for every change in order until ctx ends. It
// survives engine restarts and lost connections: the whole walk starts again,
// zero Entry included, because the engine may have come back without its last
// writes or, for a memory bucket, with revisions that count from 1 again.
func (b *Bucket) Watch(ctx context.Context, filter string, on func(Entry)) error {
	for {
		err := b.watchOnce(ctx, filter, on)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case b.conn.IsClosed():
			return Classify(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(watchRetry): // nothing announces that a bucket is there again
		}
	}
}

// watchOnce is one walk and what follows it, until the connection is lost.
func (b *Bucket) watchOnce(ctx context.Context, filter string, on func(Entry)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lost := b.conn.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer b.conn.RemoveStatusListener(lost)
	go func() {
		select {
		case <-lost:
			cancel(nats.ErrDisconnected)
		case <-ctx.Done():
		}
	}()
	msgs, pending, err := b.follow(ctx, filter)
	if err != nil {
		return err
	}
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	w := walk{on: on}
	if pending == 0 {
		w.finish()
	}
	for {
		m, err := msgs.Next()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, jetstream.ErrNoHeartbeat):
			continue // the ordered consumer re-creates itself behind this
		case err != nil:
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			continue
		}
		on(b.entry(m.Subject(), m.Headers(), m.Data(), meta.Sequence.Stream, meta.Timestamp))
		if meta.NumPending == 0 {
			w.finish()
		}
	}
}

// follow opens the messages of a filter and says how many the walk begins with.
func (b *Bucket) follow(ctx context.Context, filter string) (jetstream.MessagesContext, uint64, error) {
	cons, err := b.js.OrderedConsumer(ctx, b.stream.CachedInfo().Config.Name, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{b.subject(filter)}, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	})
	if err != nil {
		return nil, 0, err
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return nil, 0, err
	}
	msgs, err := cons.Messages(jetstream.PullHeartbeat(watchHeartbeat))
	return msgs, info.NumPending, err
}

// walk tells once that the first pass is over.
type walk struct {
	on   func(Entry)
	done bool
}

func (w *walk) finish() {
	if !w.done {
		w.done = true
		w.on(Entry{})
	}
}
