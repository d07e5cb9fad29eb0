package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	watchHeartbeat = 2 * time.Second // of the engine; a watch is lost when two are missing
	watchRetry     = 100 * time.Millisecond
	entryRetry     = 2 * time.Second // for an entry that could not be read
	watchKept      = time.Minute     // the engine keeps the consumer of a watch that fell silent
	walkPatience   = time.Second     // a walk that gets nothing for so long asks whether it is over
)

var errEntry = errors.New("entry not read")

// Watcher is told what a watch sees, one call at a time.
type Watcher struct {
	// Begin is called when a walk begins: every change from now on is told.
	Begin func()

	// Entry gets the newest revision of every key, then every change in order.
	// After an error the whole walk starts again.
	Entry func(context.Context, Entry) error

	// Walked is called when Entry has had everything that was there when the
	// walk began. From then on nothing was missed for as long as unbroken says
	// so. It costs nothing, and it says no before the connection to the engine
	// is there again.
	Walked func(unbroken func() bool)

	// Lost is called when changes may have been missed, and whenever a walk
	// could not be finished. The next walk begins soon.
	Lost func(error)
}

// Watch tells w about every key under filter until ctx ends or the engine is
// closed. It survives engine restarts and lost connections: the whole walk
// starts again, because the engine may have come back without its last writes
// or, for a memory bucket, with revisions that count from 1 again.
//
// A connection that breaks is a loss at once. One that only falls silent is a
// loss after two heartbeats.
func (b *Bucket) Watch(ctx context.Context, filter string, w Watcher) error {
	for {
		err := b.watchOnce(ctx, filter, w)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.Lost(err)
		if b.conn.IsClosed() {
			return Classify(err)
		}
		wait := watchRetry
		if errors.Is(err, errEntry) {
			wait = entryRetry
		}
		if !tick.Wait(ctx, wait) { // nothing announces that a bucket is there again
			return context.Cause(ctx)
		}
	}
}

// watchOnce is one walk and what follows it, until something may have been
// missed.
func (b *Bucket) watchOnce(ctx context.Context, filter string, w Watcher) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	unbroken, forget := b.line(ctx, cancel)
	defer forget()
	cons, err := b.js.CreateConsumer(ctx, b.stream.CachedInfo().Config.Name, jetstream.ConsumerConfig{
		FilterSubject: b.subject(filter), DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, AckPolicy: jetstream.AckNonePolicy,
		MemoryStorage: true, Replicas: 1, InactiveThreshold: watchKept,
	})
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return errors.Join(err, b.remake(ctx))
	}
	if err != nil {
		return err
	}
	w.Begin()
	msgs, err := cons.Messages(jetstream.PullHeartbeat(watchHeartbeat))
	if err != nil {
		return err
	}
	defer msgs.Stop()
	defer context.AfterFunc(ctx, msgs.Stop)()
	return (&walk{bucket: b, cons: cons, msgs: msgs, w: w, unbroken: unbroken}).run(ctx)
}

// remake makes a memory bucket again that was gone with its engine. Any other
// bucket that is missing was lost, and that is for an operator to judge.
func (b *Bucket) remake(ctx context.Context) error {
	c := b.stream.CachedInfo().Config
	if c.Storage != jetstream.MemoryStorage {
		return nil
	}
	_, err := b.js.CreateStream(ctx, c)
	return err
}

// line cancels when the connection of this moment breaks. The client library
// announces a break on every listener before it reconnects. The first listener
// is never read, so that its length tells of the break even before the
// goroutine that reads the second one has run.
func (b *Bucket) line(ctx context.Context, cancel context.CancelCauseFunc) (unbroken func() bool, forget func()) {
	down := b.conn.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	wake := b.conn.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	go func() {
		select {
		case <-wake:
			cancel(nats.ErrDisconnected)
		case <-ctx.Done():
		}
	}()
	return func() bool { return len(down) == 0 }, func() {
		b.conn.RemoveStatusListener(down)
		b.conn.RemoveStatusListener(wake)
	}
}

// walk reads the messages of one consumer. They are numbered without a gap.
type walk struct {
	bucket   *Bucket
	cons     jetstream.Consumer
	msgs     jetstream.MessagesContext
	w        Watcher
	unbroken func() bool
	seq      uint64 // of the last message
	over     bool
}

func (k *walk) run(ctx context.Context) error {
	k.left(k.cons.CachedInfo().NumPending)
	for {
		err := k.next(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, nats.ErrTimeout) && !k.over {
			err = k.ask(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// next waits for one message. During the walk it does not wait for ever: what
// the walk waits for may have expired meanwhile.
func (k *walk) next(ctx context.Context) error {
	var opts []jetstream.NextOpt
	if !k.over {
		opts = append(opts, jetstream.NextMaxWait(walkPatience))
	}
	m, err := k.msgs.Next(opts...)
	if err != nil {
		return err
	}
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Consumer != k.seq+1 {
		return fmt.Errorf("message %d follows message %d", meta.Sequence.Consumer, k.seq)
	}
	k.seq++
	if err := k.w.Entry(ctx, k.bucket.entry(m.Subject(), m.Headers(), m.Data(), meta.Sequence.Stream, meta.Timestamp)); err != nil {
		return fmt.Errorf("%w: %w", errEntry, err)
	}
	k.left(meta.NumPending)
	return nil
}

// ask learns from the engine whether the walk is over.
func (k *walk) ask(ctx context.Context) error {
	info, err := k.cons.Info(ctx)
	if err == nil && info.Delivered.Consumer == k.seq {
		k.left(info.NumPending)
	}
	return err
}

// left ends the walk when nothing is left of it.
func (k *walk) left(pending uint64) {
	if pending == 0 && !k.over {
		k.over = true
		k.w.Walked(k.unbroken)
	}
}
