package intake

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
)

// Purge says which cached answers an operator wants gone; the zero value
// means all of them.
type Purge struct {
	Session session.ID
	Style   string
}

// CacheStats counts cached answers.
type CacheStats struct {
	Entries  int
	Sessions int
	Styles   map[string]int
}

// CacheStats counts what is cached now, over all sessions.
func (in *Intake) CacheStats(ctx context.Context) (CacheStats, error) {
	stats := CacheStats{Styles: make(map[string]int)}
	owners := make(map[session.ID]struct{})
	for e, err := range in.cache.bucket.Entries(ctx, ">") {
		if err != nil {
			return stats, fmt.Errorf("count cache: %w", err)
		}
		stats.Entries++
		owners[sessionOf(e.Key)] = struct{}{}
		var v cached
		if json.Unmarshal(e.Value, &v) == nil {
			stats.Styles[v.Style]++
		}
	}
	stats.Sessions = len(owners)
	return stats, nil
}

// PurgeCache removes cached answers and says how many. The tasks that made
// them stay.
func (in *Intake) PurgeCache(ctx context.Context, p Purge) (removed int, err error) {
	filter := ">"
	if p.Session != "" {
		filter = string(p.Session) + ".*"
	}
	for e, err := range in.cache.bucket.Entries(ctx, filter) {
		if err != nil {
			return removed, fmt.Errorf("purge cache: %w", err)
		}
		var v cached
		if p.Style != "" && json.Unmarshal(e.Value, &v) == nil && v.Style != p.Style {
			continue
		}
		if err := in.cache.bucket.Delete(ctx, e.Key, engine.AnyRevision); err != nil {
			return removed, fmt.Errorf("purge cache: %w", err)
		}
		removed++
	}
	return removed, nil
}
