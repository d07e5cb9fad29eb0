package upload

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	// followWithin bounds how long a body waits for the one before it. That one
	// is stopped at once; only a disk that does not answer keeps it longer.
	followWithin = 4 * time.Second

	// toldFor is how long a body is announced, unless its upload ends sooner. Only a gateway that is deaf for
	// longer may miss it. Whoever hears again reads every announcement again, so
	// those of an hour would be too many.
	toldFor = 2 * time.Minute

	// letGoWithin bounds how long a removal waits for a body to let go.
	letGoWithin = time.Second
)

// Begin says that a body of an upload comes. Whatever body of it was under way,
// at any gateway, ends with fault.UploadSuperseded; this one when a newer one
// comes, and with its upload: when that is removed, is ready or expires. stop is
// called then, once or more, and must make its reader fail. Begin returns when
// the older ones at this gateway have let go of what they wrote. end must be
// called when nothing of the body is written any more.
func (u *Uploads) Begin(ctx context.Context, up Upload, stop func(cause error)) (end func(), err error) {
	b, err := u.begin(ctx, up, stop)
	if err != nil {
		return nil, err
	}
	return func() { u.running.leave(b) }, nil
}

func (u *Uploads) begin(ctx context.Context, up Upload, stop func(cause error)) (*incoming, error) {
	left := up.ExpiresAt.Sub(u.now())
	rank, err := u.bucket.Put(ctx, bodyKey(up.Session, up.ID), []byte("1"), engine.AnyRevision, min(toldFor, max(left, time.Second)))
	if err != nil {
		return nil, fmt.Errorf("announce body: %w", err)
	}
	b, older := u.running.begin(uploadKey(up.Session, up.ID), rank, stop)
	b.until = time.AfterFunc(left, func() { b.end(fault.New(fault.UploadExpired)) })
	waiting, cancel := context.WithTimeout(ctx, followWithin)
	defer cancel()
	if err := b.follow(waiting, older); err != nil {
		u.running.leave(b)
		return nil, err
	}
	return b, nil
}

// newest asks whether a newer body has begun at another gateway, of which this
// one may not have heard.
func (u *Uploads) newest(ctx context.Context, up Upload, b *incoming) error {
	e, err := u.bucket.Ask(ctx, bodyKey(up.Session, up.ID))
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return nil // none for a while
	case err != nil:
		return fmt.Errorf("read newest body: %w", err)
	case e.Revision > b.rank:
		return superseded()
	}
	return nil
}

// endBodies stops the bodies of an upload at this gateway, and waits for a
// moment until their bytes are gone.
func (u *Uploads) endBodies(ctx context.Context, s session.ID, id task.UploadID, cause error) {
	ctx, cancel := context.WithTimeout(ctx, letGoWithin)
	defer cancel()
	for _, gone := range u.running.stop(uploadKey(s, id), math.MaxUint64, cause) {
		select {
		case <-gone:
		case <-ctx.Done():
			return
		}
	}
}

// hear ends bodies that newer ones replace at other gateways, until ctx ends.
// What it misses is found out when the body is whole.
func (u *Uploads) hear(ctx context.Context) {
	_ = u.bucket.Watch(ctx, "*"+bodyPart+"*", engine.Watcher{
		Begin: func() {}, Walked: func(func() bool) {}, Lost: func(error) {}, // the removals' mirror says so
		Entry: func(_ context.Context, e engine.Entry) error {
			if s, id, ok := cutKey(e.Key, bodyPart); ok && !e.Deleted {
				u.running.stop(uploadKey(s, id), e.Revision, superseded())
			}
			return nil
		},
	})
}
