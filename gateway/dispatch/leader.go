package dispatch

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
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

	// leaderPatience is how long a term goes on while the engine does not
	// answer. An engine that elects its leaders gives the lease to nobody
	// else. A gateway that alone has lost the engine can begin no call, because
	// it writes each attempt before; what it has begun is attached to by
	// whoever leads meanwhile.
	leaderPatience = 15 * time.Second
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
	held    held
}

// held is what others than the lease's own loop may know of it.
type held struct{ until atomic.Int64 } // nanoseconds since 1970

// sure reports whether nobody else can lead now.
func (h *held) sure() bool { return time.Now().UnixNano() < h.until.Load() }

// renew takes the lease or prolongs it. fault.Conflict says that another has
// it.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaderRenew) // no answer in time must not outlast the lease
	defer cancel()
	sent := time.Now()
	rev, err := l.bucket.Put(ctx, leaderKey, l.value, l.rev, leaderTTL)
	if fault.KindOf(err) == fault.Conflict {
		rev, err = l.regain(ctx, err)
	}
	if err == nil {
		l.rev, l.renewed = rev, sent
		l.held.until.Store(sent.Add(leaderTTL).UnixNano())
	}
	return err
}

// regain renews a lease whose entry is not the one that we wrote last: it is
// ours when only the answer to an earlier renewal was lost, and nobody's when
// it expired while the engine was away.
func (l *lease) regain(ctx context.Context, lost error) (uint64, error) {
	e, err := l.bucket.Get(ctx, leaderKey)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		e.Revision = 0
	case err != nil:
		return 0, err
	case !bytes.Equal(e.Value, l.value):
		return 0, lost
	}
	rev, err := l.bucket.Put(ctx, leaderKey, l.value, e.Revision, leaderTTL)
	if fault.KindOf(err) == fault.Conflict && l.rev != 0 {
		err = fault.Wrap(fault.EngineUnavailable, err) // an earlier renewal is under way, or somebody else's: the next one finds out
	}
	return rev, err
}

// keep renews the lease until ctx ends, another has it, or the engine has been
// away for too long.
func (l *lease) keep(ctx context.Context) error {
	for range tick.After(ctx, leaderRenew) {
		err := l.renew(ctx)
		if fault.KindOf(err) == fault.Conflict || time.Since(l.renewed) > leaderPatience {
			l.held.until.Store(0)
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
