package operator

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// TaskStates are what a list of tasks may be narrowed to.
func TaskStates() []string {
	return []string{
		string(task.Queued), string(task.Running), string(task.Succeeded), string(task.Failed), string(task.Canceled), string(task.Expired),
	}
}

// The orders of a list of tasks.
const (
	byChange   = "changed" // last first
	byCreation = "created" // last first
	byTime     = "took"    // longest first, from accept to end or until now
	byWait     = "wait"
	byVendor   = "vendor"
	byOurs     = "ours"
	byAttempts = "attempts" // most first
)

// TaskOrders are what a list of tasks may be sorted by.
func TaskOrders() []string {
	return []string{byChange, byCreation, byTime, byWait, byVendor, byOurs, byAttempts}
}

// SortTasks sorts a list that has the order byChange.
func SortTasks(ts []Task, by string) {
	key := func(t Task) float64 {
		switch by {
		case byTime:
			return t.Timing.WaitSeconds + t.Timing.VendorSeconds + t.Timing.OursSeconds
		case byWait:
			return t.Timing.WaitSeconds
		case byVendor:
			return t.Timing.VendorSeconds
		case byOurs:
			return t.Timing.OursSeconds
		case byAttempts:
			return float64(len(t.Attempts))
		}
		return 0
	}
	slices.SortStableFunc(ts, func(a, b Task) int {
		if by == byCreation {
			return b.CreatedAt.Compare(a.CreatedAt)
		}
		return cmp.Compare(key(b), key(a))
	})
}

var errSince = errors.New("must be a duration such as 30m, 2h or 1d, or a time such as 2026-03-01T08:00:00+08:00")

// Since reads a moment in the past: a duration before now, or a time; "" is the
// zero time.
func Since(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	d, err := time.ParseDuration(text)
	if days, is := strings.CutSuffix(text, "d"); is {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 1000)) * 24 * time.Hour
	}
	if err != nil || d <= 0 {
		return time.Time{}, errSince
	}
	return now.Add(-d), nil
}
