package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	grantKept     = 400 * 24 * time.Hour // how long an external id stays used
	maxGrant      = 1_000_000
	maxExternalID = 255
)

// grant is one raise of a session's quota. It is for the Shanghai day on
// which it was given.
type grant struct {
	N      int64     `json:"n"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at"`
}

// Grant raises today's quota of a session by n. It is durable and happens
// once for an external id (a payment, a ticket): told again for the same
// session it changes nothing, for another one it is fault.Conflict
// "grant_used".
func (l *Ledger) Grant(ctx context.Context, id ID, externalID string, n int64, reason string) (Quota, error) {
	if externalID == "" || len(externalID) > maxExternalID || n <= 0 || n > maxGrant {
		return Quota{}, fault.Wrap(fault.Unprocessable, "grant_invalid", errors.New("a grant needs an external id and 1…1000000 tasks"))
	}
	if err := l.claim(ctx, id, externalID); err != nil {
		return Quota{}, err
	}
	value, err := json.Marshal(grant{N: n, Reason: reason, At: l.now().UTC()})
	if err != nil {
		return Quota{}, fmt.Errorf("encode grant: %w", err)
	}
	_, err = l.grants.Put(ctx, grantKey(id, externalID), value, 0, grantKept)
	if err != nil && fault.KindOf(err) != fault.Conflict {
		return Quota{}, fmt.Errorf("keep grant: %w", err)
	}
	return l.applyGrants(ctx, id)
}

// claim binds an external id to a session for good. What it keeps does not
// name the session.
func (l *Ledger) claim(ctx context.Context, id ID, externalID string) error {
	owner := task.DeriveID("grant", string(id))
	key := "used." + task.DeriveID("grant", externalID)
	_, err := l.grants.Put(ctx, key, []byte(owner), 0, grantKept)
	if err == nil || fault.KindOf(err) != fault.Conflict {
		return err
	}
	e, err := l.grants.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read grant: %w", err)
	}
	if string(e.Value) != owner {
		return fault.New(fault.Conflict, "grant_used")
	}
	return nil
}

// applyGrants brings the account up to date with the grants that are kept.
func (l *Ledger) applyGrants(ctx context.Context, id ID) (Quota, error) {
	unlock := l.lock(id)
	defer unlock()
	var q Quota
	err := l.change(ctx, id, func(ctx context.Context, a *account) (bool, error) {
		a.roll(l.now())
		granted, err := l.granted(ctx, id, a.Day)
		if err != nil {
			return false, err
		}
		changed := a.Granted != granted
		a.Granted = granted
		q = l.quota(*a)
		return changed, nil
	})
	if err != nil {
		return Quota{}, fmt.Errorf("apply grants: %w", err)
	}
	return q, nil
}

// granted sums a session's grants of a day.
func (l *Ledger) granted(ctx context.Context, id ID, day int64) (int64, error) {
	total := int64(0)
	for e, err := range l.grants.Entries(ctx, grantsOf(id)) {
		if err != nil {
			return 0, fmt.Errorf("read grants: %w", err)
		}
		var g grant
		if err := json.Unmarshal(e.Value, &g); err != nil {
			return 0, fmt.Errorf("decode grant: %w", err)
		}
		if shanghaiDay(g.At) == day {
			total += g.N
		}
	}
	return total, nil
}

func grantsOf(id ID) string { return "of." + string(id) + ".*" }

func grantKey(id ID, externalID string) string {
	return "of." + string(id) + "." + task.DeriveID("grant", externalID)
}
