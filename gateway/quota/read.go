package quota

import (
	"context"
	"fmt"
	"slices"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// accountKey does not name the session: an account may outlive everything
// else of it, for the rest of a day.
func accountKey(id task.SessionID) string { return task.DeriveID("account", string(id)) }

// fetch reads the newest account in the engine.
func (a *Accounts) fetch(ctx context.Context, id task.SessionID) (s stored, found bool, err error) {
	e, err := a.accounts.Get(ctx, accountKey(id))
	s.revision = e.Revision
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return s, false, nil
		}
		return stored{}, false, fmt.Errorf("read account: %w", err)
	}
	if err := sonic.Unmarshal(e.Value, &s.account); err != nil {
		return stored{}, false, fmt.Errorf("decode account: %w", err)
	}
	return s, true, nil
}

// read finds the newest account. When there is none it computes it from the
// session's tasks, so one is always found.
func (a *Accounts) read(ctx context.Context, id task.SessionID) (stored, bool, error) {
	s, found, err := a.fetch(ctx, id)
	if err != nil || (found && !a.outdated(s.account)) {
		return s, found, err
	}
	if fresh, known := a.cached(id); !found && known && fresh.revision == 0 {
		return fresh, true, nil
	}
	s.account, err = a.rebuild(ctx, id, s.account)
	if err != nil {
		return stored{}, false, fmt.Errorf("rebuild account: %w", err)
	}
	return s, true, nil
}

// rebuild computes an account from the session's tasks and grants. It keeps
// fresh reservations of the old one: their tasks may be on their way.
func (a *Accounts) rebuild(ctx context.Context, id task.SessionID, old account) (account, error) {
	a.rebuilt.Inc()
	now := a.now()
	acc := newAccount(now)
	ids, err := a.tasks.Tasks(ctx, id)
	if err != nil {
		return acc, err
	}
	for _, t := range ids {
		r, _, err := a.tasks.Lookup(ctx, id, t)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return acc, err
		}
		acc.add(r)
	}
	for _, r := range old.Active {
		if !acc.knows(r.Task) && now.Sub(r.at()) < graceReserved {
			acc.Active = append(acc.Active, r)
		}
	}
	acc.Granted, err = a.granted(ctx, id, acc.Day)
	return acc, err
}

// check looks for stale reservations: those whose task ended, or never came
// to be, without a Finish (the gateway died in between, or is about to call
// it). It says whether the account is to be written.
func (a *Accounts) check(ctx context.Context, id task.SessionID, acc *account) (changed bool, err error) {
	now := a.now()
	if len(acc.Active) > fewActive {
		acc.Checked, changed = now.Unix(), true
	}
	for _, r := range slices.Clone(acc.Active) {
		rec, _, err := a.tasks.Lookup(ctx, id, r.Task)
		switch {
		case fault.KindOf(err) == fault.NotFound && err != nil:
			if now.Sub(r.at()) >= graceReserved {
				changed = acc.finish(r.Task, false) || changed
			}
		case err != nil:
			return false, fmt.Errorf("check reservation: %w", err)
		case rec.Deleted || rec.State.Terminal():
			changed = acc.finish(r.Task, rec.Counts()) || changed
		}
	}
	return changed, nil
}
