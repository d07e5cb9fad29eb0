package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
)

// CacheStats counts the cached answers and the sessions that own them.
func (in *Intake) CacheStats(ctx context.Context) (entries, sessions int, err error) {
	owners := make(map[session.ID]struct{})
	for e, err := range in.cache.bucket.Entries(ctx, ">") {
		if err != nil {
			return 0, 0, fmt.Errorf("count cache: %w", err)
		}
		entries++
		owners[sessionOf(e.Key)] = struct{}{}
	}
	return entries, len(owners), nil
}

// PurgeCache removes cached answers of one session, or of all for "", and of
// one style, or of all for "". It says how many. The tasks that made them stay.
func (in *Intake) PurgeCache(ctx context.Context, s session.ID, style string) (removed int, err error) {
	filter := ">"
	if s != "" {
		filter = string(s) + ".*"
	}
	for e, err := range in.cache.bucket.Entries(ctx, filter) {
		if err != nil {
			return removed, fmt.Errorf("purge cache: %w", err)
		}
		var v cached
		if style != "" && json.Unmarshal(e.Value, &v) == nil && v.Style != style {
			continue
		}
		if err := in.cache.bucket.Delete(ctx, e.Key, engine.AnyRevision); err != nil {
			return removed, fmt.Errorf("purge cache: %w", err)
		}
		removed++
	}
	return removed, nil
}
