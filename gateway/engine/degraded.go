package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Degraded names the nodes of the cluster that keep replicas and are away, as of
// the last probe; "" when all are there.
func (e *Engine) Degraded() string {
	away := make(map[string]bool)
	streams := 0
	for _, s := range e.streams.all() {
		info := s.CachedInfo()
		if info == nil || info.Cluster == nil {
			continue
		}
		short := false
		for _, r := range info.Cluster.Replicas {
			if r.Offline {
				away[r.Name], short = true, true
			}
		}
		if short {
			streams++
		}
	}
	if len(away) == 0 {
		return ""
	}
	return fmt.Sprintf("away: %s; %d streams have fewer replicas than they should", strings.Join(slices.Sorted(maps.Keys(away)), ", "), streams)
}
