package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// fromCache answers a request with a picture that this session already has. The
// answer is a new task that is finished and free. It is nil when there is no
// such picture.
func (in *Intake) fromCache(ctx context.Context, d *draft) (*task.Record, error) {
	id, hit, err := in.cache.get(ctx, d.Session, d.cacheKey)
	if err != nil || !hit {
		return nil, err
	}
	from, err := in.source(ctx, d, id)
	if err != nil || from == nil {
		return nil, err
	}
	r := in.cachedRecord(d, from)
	if err := in.copyResult(ctx, from, r); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		return nil, fmt.Errorf("copy cached picture: %w", err)
	}
	_, err = in.queue.Write(ctx, r, 0)
	if err != nil && fault.KindOf(err) == fault.Conflict { // the same key, twice at once
		answer, err := in.replay(ctx, d)
		return answer.Record, err
	}
	if err != nil {
		return nil, fmt.Errorf("write cached task: %w", err)
	}
	in.tally.Ended(r)
	return r, nil
}

// source is the task that a cache entry points to. It is nil when the task or
// its photo is gone: the entry is worth nothing then.
func (in *Intake) source(ctx context.Context, d *draft, id task.ID) (*task.Record, error) {
	from, _, err := in.live(ctx, d.Session, id)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, nil
		}
		return nil, err
	}
	if from.State != task.Succeeded || from.Degraded || from.Result == nil || in.now().After(from.ExpiresAt) {
		return nil, nil
	}
	if from.Upload == d.Upload {
		return from, nil
	}
	up, err := in.uploads.Get(ctx, d.Session, from.Upload)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, fmt.Errorf("find source photo: %w", err)
	}
	if err != nil || up.Status != upload.Ready {
		return nil, nil
	}
	return from, nil
}

// cachedRecord is a task that is finished at version 1. It expires with the task
// whose picture it copies.
func (in *Intake) cachedRecord(d *draft, from *task.Record) *task.Record {
	j := in.job(d)
	j.Seed = from.Seed
	r := j.Accepted()
	now := j.CreatedAt
	r.Event, r.State, r.Stage, r.Progress = task.EventSucceeded, task.Succeeded, task.StageDone, 100
	r.StartedAt, r.FinishedAt, r.Cached = &now, &now, true
	r.ExpiresAt = from.ExpiresAt
	r.Deadline = earlier(r.Deadline, r.ExpiresAt)
	result := *from.Result
	prefix := string(r.Session) + "/tasks/" + string(r.ID) + "/0"
	result.ImageKey = prefix + ".jpg"
	if result.ThumbnailKey != "" {
		result.ThumbnailKey = prefix + ".thumb.jpg"
	}
	r.Result = &result
	return r
}

// copyResult gives the new task objects of its own, so that either task can be
// deleted without the other.
func (in *Intake) copyResult(ctx context.Context, from, to *task.Record) error {
	if err := in.store.Copy(ctx, from.Result.ImageKey, to.Result.ImageKey); err != nil {
		return err
	}
	if from.Result.ThumbnailKey == "" {
		return nil
	}
	return in.store.Copy(ctx, from.Result.ThumbnailKey, to.Result.ThumbnailKey)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
