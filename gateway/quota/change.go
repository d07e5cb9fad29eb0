package quota

import (
	"context"
	"fmt"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// stored is an account as this gateway last saw it.
type stored struct {
	account    account
	revision   uint64 // in the bucket; 0: not written yet
	reconnects uint64 // of the engine, before it was written
}

// edit changes an account and says whether it did. The change is kept even
// when edit also returns an error; the error is then the answer.
type edit func(ctx context.Context, acc *account) (changed bool, err error)

// reader finds an account in the engine. When it finds none, nothing is
// changed.
type reader func(ctx context.Context, id task.SessionID) (s stored, found bool, err error)

// change applies an edit by compare-and-swap, to the account in memory when
// this gateway wrote it last. It reads the account and tries again when
// another gateway was faster.
func (a *Accounts) change(ctx context.Context, id task.SessionID, read reader, apply edit) error {
	s, found := a.cached(id)
	for {
		if !found {
			var err error
			if s, found, err = read(ctx, id); err != nil || !found {
				return err
			}
		}
		done, err := a.try(ctx, id, s, apply)
		if done {
			return err
		}
		found = false
	}
}

// cached is an account in memory that may be worked with. One from before the
// engine was away may not: its revision may mean something else now.
func (a *Accounts) cached(id task.SessionID) (stored, bool) {
	s, known := a.cache.GetIfPresent(id)
	fresh := s.revision != 0 || a.now().Sub(time.Unix(0, s.account.Built)) <= newFor
	return s, known && fresh && s.reconnects == a.engine.Reconnects() && !a.outdated(s.account)
}

// outdated says that an account may lack tasks, because they were accepted
// while no limit was set.
func (a *Accounts) outdated(acc account) bool { return acc.Built <= a.unseen.Load() }

// try applies an edit once. It is not done when another gateway was faster,
// or when nothing was changed because of an account that is not the newest.
func (a *Accounts) try(ctx context.Context, id task.SessionID, s stored, apply edit) (done bool, err error) {
	acc := s.account
	changed, verdict := apply(ctx, &acc)
	if !changed {
		return a.isNewest(ctx, id, s), verdict
	}
	value, err := sonic.Marshal(acc)
	if err != nil {
		return true, fmt.Errorf("encode account: %w", err)
	}
	reconnects := a.engine.Reconnects()
	revision, err := a.accounts.Put(ctx, accountKey(id), value, s.revision, 0)
	if err != nil {
		a.cache.Invalidate(id)
		if fault.KindOf(err) == fault.Conflict {
			return false, nil
		}
		return true, fmt.Errorf("write account: %w", err)
	}
	a.cache.Set(id, stored{account: acc, revision: revision, reconnects: reconnects})
	return true, verdict
}

// isNewest reports whether no other gateway changed the account meanwhile. It
// also says so when the engine does not answer: the answer then stands.
func (a *Accounts) isNewest(ctx context.Context, id task.SessionID, s stored) bool {
	newest, found, err := a.fetch(ctx, id)
	if err != nil {
		return true
	}
	return newest.revision == s.revision || (!found && s.revision == 0)
}
