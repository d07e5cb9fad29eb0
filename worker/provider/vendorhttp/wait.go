package vendorhttp

import (
	"context"
	"time"
)

// Wait waits between two polls or downloads. It reports false when ctx ends
// first.
func Wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
