package dispatch

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	leaderKey   = "leader"
	leaderTTL   = 4 * time.Second
	leaderRenew = time.Second
	leaderPoll  = 500 * time.Millisecond
)

var errLeaseLost = errors.New("lease on dispatch lost")

// lease is one term's claim to lead: an entry that expires unless it is
// renewed. Its value is new in every term, so that an entry we find there can
// be told from anybody else's, our own earlier ones included.
type lease struct {
	bucket  *engine.Bucket
	value   []byte
	rev     uint64
	renewed time.Time // when the last renewal that succeeded was sent
}

// renew takes the lease or prolongs it. fault.Conflict says that another has
// it.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaderRenew) // no answer in time must not outlast the lease
	defer cancel()
	sent := time.Now()
	rev, err := l.bucket.Put(ctx, leaderKey, l.value, l.rev, leaderTTL)
	if fault.KindOf(err) == fault.Conflict {
		// Ours, when only the answer to an earlier renewal was lost.
		e, getErr := l.bucket.Get(ctx, leaderKey)
		if getErr != nil || !bytes.Equal(e.Value, l.value) {
			return err
		}
		rev, err = l.bucket.Put(ctx, leaderKey, l.value, e.Revision, leaderTTL)
	}
	if err == nil {
		l.rev, l.renewed = rev, sent
	}
	return err
}

// keep renews the lease until ctx ends or it cannot be renewed in time.
func (l *lease) keep(ctx context.Context) error {
	for range tick.After(ctx, leaderRenew) {
		switch err := l.renew(ctx); {
		case err == nil:
		case fault.KindOf(err) == fault.Conflict, time.Since(l.renewed) > leaderTTL-leaderRenew:
			return errLeaseLost
		}
	}
	return context.Cause(ctx)
}

// giveUp removes the lease, so that a standby need not wait for its expiry.
func (l *lease) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaderRenew)
	defer cancel()
	_ = l.bucket.Delete(ctx, leaderKey, l.rev)
}
