package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Settle books the end of a task: its quota is charged or given back, its
// campaign's admission slot is released, and its picture may answer the same
// request again. It may be called more than once.
func (in *Intake) Settle(ctx context.Context, j *task.Job, r *task.Record) error {
	var errs []error
	if r.State == task.Succeeded && !r.Degraded && !r.Deleted && j.CacheKey != "" {
		errs = append(errs, in.cache.put(ctx, r.Session, j.CacheKey, cached{Task: r.ID, Style: r.Style}, in.left(r)))
	}
	errs = append(errs, in.quota.Finish(ctx, r.Session, r.ID, r.Counts()))
	if j.Campaign != "" {
		errs = append(errs, in.campaigns.Release(ctx, j.Campaign, j.Session, j.ID))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("settle task: %w", err)
	}
	return nil
}

// left is how long a task still lives. What is kept beside its record lives as
// long.
func (in *Intake) left(r *task.Record) time.Duration {
	return max(time.Second, r.ExpiresAt.Sub(in.now())) // 0 would keep it for ever
}

// Erase removes what the intake keeps about a task beside its record: the
// cached answer and the feedback.
func (in *Intake) Erase(ctx context.Context, r *task.Record) error {
	if r.State == task.Succeeded && !r.Cached {
		key := cacheKey(r.Fingerprint, r.Style, r.Place, r.Options, r.CatalogVersion, r.Arm, r.BrandMark)
		if err := in.cache.drop(ctx, r.Session, key, r.ID); err != nil {
			return fmt.Errorf("erase task: %w", err)
		}
	}
	if err := in.eraseFeedback(ctx, r); err != nil {
		return fmt.Errorf("erase task: %w", err)
	}
	return nil
}

// EraseSession removes the cached answers and the feedback of a session.
func (in *Intake) EraseSession(ctx context.Context, s session.ID) error {
	for _, b := range []*engine.Bucket{in.cache.bucket, in.feedback} {
		keys, err := b.Keys(ctx, string(s)+".*")
		if err != nil {
			return fmt.Errorf("erase session: %w", err)
		}
		for _, key := range keys {
			if err := b.Delete(ctx, key, engine.AnyRevision); err != nil {
				return fmt.Errorf("erase session: %w", err)
			}
		}
	}
	return nil
}
