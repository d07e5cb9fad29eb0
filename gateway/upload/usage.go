package upload

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	usageSuffix = ".usage"

	// The number of uploads is bounded too: a limit of bytes allows as many
	// as if each had this size, and never fewer than fewest.
	typical = 256 << 10
	fewest  = 32
)

// usage is what a session has declared. The bytes of an upload count until it is
// removed or expires.
type usage map[task.UploadID]share

type share struct {
	Bytes   int64 `json:"b"`
	Expires int64 `json:"e"` // unix seconds
}

// left is the time until the last of the uploads expires.
func (all usage) left(now int64) time.Duration {
	last := now + 1 // 0 would keep the counter for ever
	for _, s := range all {
		last = max(last, s.Expires)
	}
	return time.Duration(last-now) * time.Second
}

// reserve counts an upload, or says fault.UploadQuotaExceeded.
// Of two that race for the last bytes, one gets them.
func (u *Uploads) reserve(ctx context.Context, up Upload) error {
	limit := u.limits().SessionUploadBytes
	if limit == 0 {
		return nil
	}
	return u.changeUsage(ctx, up.Session, func(all usage) error {
		total, next := up.Size, up.ExpiresAt.Unix()
		for _, s := range all {
			total += s.Bytes
			next = min(next, s.Expires)
		}
		if total > limit || int64(len(all)) >= max(limit/typical, fewest) {
			return fault.New(fault.UploadQuotaExceeded).With("maxBytes", strconv.FormatInt(limit, 10)).
				After(max(time.Second, time.Unix(next, 0).Sub(u.now())))
		}
		all[up.ID] = share{Bytes: up.Size, Expires: up.ExpiresAt.Unix()}
		return nil
	})
}

// extend lets an upload count for as long as it lives now.
func (u *Uploads) extend(ctx context.Context, up Upload) error {
	if u.limits().SessionUploadBytes == 0 {
		return nil
	}
	return u.changeUsage(ctx, up.Session, func(all usage) error {
		all[up.ID] = share{Bytes: up.Size, Expires: up.ExpiresAt.Unix()}
		return nil
	})
}

// release stops counting an upload.
func (u *Uploads) release(ctx context.Context, s session.ID, id task.UploadID) error {
	return u.changeUsage(ctx, s, func(all usage) error {
		delete(all, id)
		return nil
	})
}

func (u *Uploads) changeUsage(ctx context.Context, s session.ID, apply func(usage) error) error {
	_, err := u.bucket.Update(ctx, string(s)+usageSuffix, func(old []byte) ([]byte, time.Duration, error) {
		all := usage{}
		if old != nil {
			if err := json.Unmarshal(old, &all); err != nil {
				return nil, 0, fmt.Errorf("decode usage: %w", err)
			}
		}
		now := u.now().Unix()
		for id, s := range all {
			if s.Expires <= now {
				delete(all, id)
			}
		}
		had := len(all)
		if err := apply(all); err != nil {
			return nil, 0, err
		}
		if len(all) == 0 && had == 0 {
			return nil, 0, nil
		}
		value, err := json.Marshal(all)
		return value, all.left(now), err
	})
	return err
}
