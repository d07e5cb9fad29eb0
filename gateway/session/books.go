package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// edit changes an account and says whether it did. A change is kept also when
// edit returns an error, which is then the answer.
type edit func(ctx context.Context, a *account) (changed bool, err error)

// change applies an edit by compare-and-swap, from memory when this gateway
// wrote the account last, again when another one was faster.
func (l *Ledger) change(ctx context.Context, id ID, apply edit) error {
	b, cached := l.book(id)
	for {
		if !cached || l.outdated(b.account) {
			var err error
			if b, err = l.read(ctx, id); err != nil {
				return fmt.Errorf("read account: %w", err)
			}
		}
		done, err := l.try(ctx, id, b, apply)
		if done {
			return err
		}
		cached = false
	}
}

// changeKnown is change for an account that is there; a missing one is left
// missing, because it will be computed from the tasks when it is needed.
func (l *Ledger) changeKnown(ctx context.Context, id ID, apply edit) error {
	b, cached := l.book(id)
	for {
		if !cached || b.revision == 0 {
			var found bool
			var err error
			if b, found, err = l.fetch(ctx, id); err != nil || !found {
				return err
			}
		}
		done, err := l.try(ctx, id, b, apply)
		if done {
			return err
		}
		cached = false
	}
}

// book is an account as this gateway knows it. After the engine was away its
// revisions may mean something else, so everything is forgotten then.
func (l *Ledger) book(id ID) (book, bool) {
	if links := l.engine.Conn().Stats().Reconnects; l.links.Swap(links) != links {
		l.books.InvalidateAll()
		return book{}, false
	}
	b, known := l.books.GetIfPresent(id)
	if known && b.revision == 0 && l.now().UnixNano()-b.account.Built > int64(bornFor) {
		return book{}, false
	}
	return b, known
}

// try applies an edit once. It is not done when another gateway was faster,
// or when nothing was changed on the ground of an account that may be old.
func (l *Ledger) try(ctx context.Context, id ID, b book, apply edit) (done bool, err error) {
	a := b.account
	changed, verdict := apply(ctx, &a)
	if !changed {
		return l.isNewest(ctx, id, b), verdict
	}
	value, err := sonic.Marshal(a)
	if err != nil {
		return true, fmt.Errorf("encode account: %w", err)
	}
	revision, err := l.accounts.Put(ctx, accountKey(id), value, b.revision, 0)
	if err != nil {
		l.books.Invalidate(id)
		if fault.KindOf(err) == fault.Conflict {
			return false, nil
		}
		return true, fmt.Errorf("write account: %w", err)
	}
	l.books.Set(id, book{account: a, revision: revision})
	return true, verdict
}

// isNewest makes sure that an answer without a write was not given from an
// account that another gateway has changed since.
func (l *Ledger) isNewest(ctx context.Context, id ID, b book) bool {
	newest, found, err := l.fetch(ctx, id)
	if err != nil {
		return true // cannot know better; the answer stands
	}
	return newest.revision == b.revision || (!found && b.revision == 0)
}

// read finds the newest account, computed from the tasks when there is none.
func (l *Ledger) read(ctx context.Context, id ID) (book, error) {
	b, found, err := l.fetch(ctx, id)
	switch {
	case err != nil:
		return book{}, err
	case found && !l.outdated(b.account):
		return b, nil
	case !found:
		if born, cached := l.book(id); cached && born.revision == 0 && !l.outdated(born.account) {
			return born, nil
		}
	}
	a, err := l.rebuild(ctx, id, b.account)
	if err != nil {
		return book{}, fmt.Errorf("rebuild account: %w", err)
	}
	return book{account: a, revision: b.revision}, nil
}

// outdated says that tasks may be missing in an account, because they were
// accepted while no limit asked for counting.
func (l *Ledger) outdated(a account) bool { return a.Built <= l.unseen.Load() }

// accountKey does not name the session: an account may outlive everything
// else of it, for the rest of a day.
func accountKey(id ID) string { return task.DeriveID("account", string(id)) }

// fetch reads the newest account.
func (l *Ledger) fetch(ctx context.Context, id ID) (b book, found bool, err error) {
	e, err := l.accounts.Get(ctx, accountKey(id))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return book{revision: e.Revision}, false, nil
	}
	if err != nil {
		return book{}, false, err
	}
	b.revision = e.Revision
	if err := sonic.Unmarshal(e.Value, &b.account); err != nil {
		return book{}, false, fmt.Errorf("decode account: %w", err)
	}
	return b, true, nil
}

// rebuild computes an account from the session's tasks and grants. Fresh
// reservations of the old one are kept: their tasks may be on their way.
func (l *Ledger) rebuild(ctx context.Context, id ID, old account) (account, error) {
	l.rebuilt.Inc()
	now := l.now()
	a := newAccount(now)
	ids, err := l.tasks.Tasks(ctx, id)
	if err != nil {
		return a, err
	}
	for _, t := range ids {
		r, _, err := l.tasks.Lookup(ctx, id, t)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			continue
		}
		if err != nil {
			return a, err
		}
		a.add(r)
	}
	for _, r := range old.Active {
		if !a.knows(r.Task) && now.Unix()-r.At < int64(graceReserved.Seconds()) {
			a.Active = append(a.Active, r)
		}
	}
	a.Granted, err = l.granted(ctx, id, a.Day)
	return a, err
}

// add counts a record.
func (a *account) add(r *task.Record) {
	at := reservation{Task: r.ID, At: r.CreatedAt.Unix()}
	switch {
	case !r.Deleted && !r.State.Terminal():
		a.Active = append(a.Active, at)
	case r.Counts() && a.today(at):
		a.charge(r.ID)
	}
}

// check looks for reservations whose task ended, or never came to be, without
// anybody telling (the gateway died in between, or is about to tell), and
// says whether the account is to be written.
func (l *Ledger) check(ctx context.Context, id ID, a *account) (changed bool, err error) {
	now := l.now()
	if len(a.Active) > fewActive {
		a.Checked, changed = now.Unix(), true
	}
	for _, r := range slices.Clone(a.Active) {
		rec, _, err := l.tasks.Lookup(ctx, id, r.Task)
		switch {
		case fault.KindOf(err) == fault.NotFound && err != nil:
			if now.Sub(time.Unix(r.At, 0)) >= graceReserved {
				changed = a.finish(r.Task, false) || changed
			}
		case err != nil:
			return false, fmt.Errorf("check reservation: %w", err)
		case rec.Deleted || rec.State.Terminal():
			changed = a.finish(r.Task, rec.Counts()) || changed
		}
	}
	return changed, nil
}
