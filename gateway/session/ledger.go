package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Quota is where a session stands today.
type Quota struct {
	Daily       int64 // 0: no limit
	Used        int64
	Active      int64
	ActiveLimit int64 // 0: no limit
	ResetsAt    time.Time
}

// tasks is what gateway/queue knows of a session: the truth behind the ledger.
type tasks interface {
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
}

// LedgerDeps are what the ledger works with.
type LedgerDeps struct {
	Engine   *engine.Engine
	Tasks    tasks
	Limits   func() policy.Limits
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Ledger counts tasks per session and day.
type Ledger struct{}

// OpenLedger builds the ledger.
func OpenLedger(ctx context.Context, d LedgerDeps) (*Ledger, error) { return nil, errStub }

// Born says that a session is new.
func (l *Ledger) Born(id ID) {}

// Quota tells where a session stands.
func (l *Ledger) Quota(ctx context.Context, id ID) (Quota, error) { return Quota{}, errStub }

// Reserve counts a task.
func (l *Ledger) Reserve(ctx context.Context, id ID, t task.ID) error { return errStub }

// Finish ends a reservation.
func (l *Ledger) Finish(ctx context.Context, id ID, t task.ID, charged bool) error { return errStub }

// Grant raises today's quota of a session by n.
func (l *Ledger) Grant(ctx context.Context, id ID, externalID string, n int64, reason string) (Quota, error) {
	return Quota{}, errStub
}

// Forget removes what the ledger knows of a session.
func (l *Ledger) Forget(ctx context.Context, id ID) error { return errStub }
