package quota

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
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

// Grant raises today's quota of a session by n. It is durable and happens once
// for an external id (a payment, a ticket): the same id again changes nothing
// for the same session, and is fault.GrantUsed for another one.
func (a *Accounts) Grant(ctx context.Context, id task.SessionID, externalID string, n int64, reason string) (Usage, error) {
	if externalID == "" || len(externalID) > maxExternalID || n <= 0 || n > maxGrant {
		return Usage{}, fault.Wrap(fault.GrantInvalid, errors.New("a grant needs an external id and 1…1000000 tasks"))
	}
	if err := a.claim(ctx, id, externalID); err != nil {
		return Usage{}, err
	}
	value, err := json.Marshal(grant{N: n, Reason: reason, At: a.now().UTC()})
	if err != nil {
		return Usage{}, fmt.Errorf("encode grant: %w", err)
	}
	_, err = a.grants.Put(ctx, grantKey(id, externalID), value, 0, grantKept)
	if err != nil && fault.KindOf(err) != fault.Conflict {
		return Usage{}, fmt.Errorf("keep grant: %w", err)
	}
	return a.applyGrants(ctx, id)
}

// claim binds an external id to a session for good. What it keeps does not
// name the session.
func (a *Accounts) claim(ctx context.Context, id task.SessionID, externalID string) error {
	owner := task.DeriveID("grant", string(id))
	key := "used." + task.DeriveID("grant", externalID)
	_, err := a.grants.Put(ctx, key, []byte(owner), 0, grantKept)
	if err == nil || fault.KindOf(err) != fault.Conflict {
		return err
	}
	e, err := a.grants.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read grant: %w", err)
	}
	if string(e.Value) != owner {
		return fault.New(fault.GrantUsed)
	}
	return nil
}

// applyGrants writes the sum of the stored grants into the account.
func (a *Accounts) applyGrants(ctx context.Context, id task.SessionID) (u Usage, err error) {
	unlock, err := a.lock(ctx, id)
	if err != nil {
		return Usage{}, err
	}
	defer unlock()
	err = a.change(ctx, id, a.read, func(ctx context.Context, acc *account) (changed bool, err error) {
		acc.roll(a.now())
		before := acc.Granted
		if acc.Granted, err = a.granted(ctx, id, acc.Day); err != nil {
			return false, err
		}
		u = a.usage(*acc)
		return acc.Granted != before, nil
	})
	if err != nil {
		return Usage{}, fmt.Errorf("apply grants: %w", err)
	}
	return u, nil
}

// granted sums a session's grants of a day.
func (a *Accounts) granted(ctx context.Context, id task.SessionID, day int64) (int64, error) {
	total := int64(0)
	for e, err := range a.grants.Entries(ctx, grantsOf(id)) {
		if err != nil {
			return 0, fmt.Errorf("read grants: %w", err)
		}
		var g grant
		if err := json.Unmarshal(e.Value, &g); err != nil {
			return 0, fmt.Errorf("decode grant: %w", err)
		}
		if shanghai.DayNumber(g.At) == day {
			total += g.N
		}
	}
	return total, nil
}

func grantsOf(id task.SessionID) string { return "of." + string(id) + ".*" }

func grantKey(id task.SessionID, externalID string) string {
	return "of." + string(id) + "." + task.DeriveID("grant", externalID)
}
