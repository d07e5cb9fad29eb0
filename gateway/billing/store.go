package billing

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// Store is where billing keeps its state: the ledger, the days that have left
// it, and what was paid twice today.
type Store struct{ bucket *engine.Bucket }

// Open prepares the store.
func Open(ctx context.Context, e *engine.Engine) (*Store, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "spending"})
	if err != nil {
		return nil, fmt.Errorf("open billing: %w", err)
	}
	return &Store{bucket: b}, nil
}

// AllowDoublePay takes fen from the day's budget for going on after a call
// whose outcome is unknown, and reports whether there was enough.
func (s *Store) AllowDoublePay(ctx context.Context, fen, mostPerDay int64, now time.Time) (bool, error) {
	granted := false
	_, err := s.bucket.Update(ctx, "double."+shanghai.Day(now), func(old []byte) ([]byte, time.Duration, error) {
		spent, _ := strconv.ParseInt(string(old), 10, 64)
		if granted = spent+fen <= mostPerDay; !granted {
			return nil, 0, nil
		}
		return strconv.AppendInt(nil, spent+fen, 10), 48 * time.Hour, nil
	})
	return granted && err == nil, err
}

// Costs reports the last days from the ledger, on any gateway: the newest day
// first. Calls in flight are not in it.
func (s *Store) Costs(ctx context.Context, last int, now time.Time) ([]operator.Cost, error) {
	days := make(Expenses)
	for e, err := range s.bucket.Entries(ctx, dayKey("*")) {
		if err != nil {
			return nil, err
		}
		var sums payments
		if err := sonic.Unmarshal(e.Value, &sums); err != nil {
			return nil, fmt.Errorf("read ledger: %w", err)
		}
		days[e.Key[len(dayKey("")):]] = sums
	}
	p, err := engine.ReadPage[totals](ctx, s.bucket, ledgerKey)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	maps.Copy(days, p.Sums.Days)
	return days.lines(shanghai.Day(now.AddDate(0, 0, 1-last))), nil
}
