package watch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
)

const (
	firstWorker = 4 * time.Second // after its start a gateway waits for one
	regionKept  = 24 * time.Hour  // then a region without workers was given up
	mostSkew    = 5 * time.Second // of a clock: URLs and heartbeats live a little longer
)

// workersLost is when no worker takes anything.
func (w *Watch) workersLost(workers []fleet.Member, state *policy.State, now time.Time) []alarm.Alarm {
	if len(workers) == 0 {
		if w.deps.Heard() || now.Sub(w.began) < firstWorker && len(w.regions) == 0 {
			return nil
		}
		return critical("no worker is heard: what is accepted waits")
	}
	for _, m := range workers {
		if !m.Draining && !state.Workers[m.ID].Drain {
			return nil
		}
	}
	var names []string
	for _, m := range workers {
		names = append(names, m.ID+reason(state.Workers[m.ID].Reason))
	}
	return critical("every worker is drained or stops: " + strings.Join(names, ", "))
}

// note remembers where workers are.
func (w *Watch) note(workers []fleet.Member, now time.Time) {
	for _, m := range workers {
		w.regions[m.Region] = now
	}
	maps.DeleteFunc(w.regions, func(_ string, seen time.Time) bool { return now.Sub(seen) > regionKept })
}

// regionsLost are the regions that had workers of late, or that the
// configuration names, and have none. Where there is no worker at all, that is
// what is said.
func (w *Watch) regionsLost(workers []fleet.Member, now time.Time) (out []alarm.Alarm) {
	if len(workers) == 0 || now.Sub(w.began) < firstWorker {
		return nil
	}
	known := slices.Collect(maps.Keys(w.regions))
	known = append(known, w.deps.Regions...)
	slices.Sort(known)
	for _, region := range slices.Compact(known) {
		there := slices.ContainsFunc(workers, func(m fleet.Member) bool { return m.Region == region })
		if there {
			continue
		}
		last := "none was heard since this gateway's start"
		if seen, ok := w.regions[region]; ok && seen.After(w.began) {
			last = "the last was heard at " + seen.Format(time.TimeOnly)
		}
		out = append(out, alarm.Alarm{
			Subject: region, Severity: alarm.Warning, Message: fmt.Sprintf("no worker is in region %s: %s", cmp.Or(region, `""`), last),
		})
	}
	return out
}

// versions are workers of another release than this gateway's.
func versions(workers []fleet.Member, ours string) (out []alarm.Alarm) {
	by := make(map[string][]string)
	for _, m := range workers {
		if m.Version != ours {
			by[m.Version] = append(by[m.Version], m.ID)
		}
	}
	for _, v := range slices.Sorted(maps.Keys(by)) {
		out = append(out, alarm.Alarm{
			Subject: cmp.Or(v, "unknown"), Severity: alarm.Warning,
			Message: fmt.Sprintf("workers of version %s beside this gateway of %s: %s", cmp.Or(v, "unknown"), ours, some(by[v])),
		})
	}
	return out
}

// skews are workers whose clock differs from that of the gateway that hears
// them.
func skews(workers []fleet.Member) (out []alarm.Alarm) {
	for _, m := range workers {
		if skew := m.Skew(); skew.Abs() > mostSkew {
			ahead := "behind"
			if skew < 0 {
				ahead = "ahead"
			}
			out = append(out, alarm.Alarm{
				Subject: m.ID, Severity: alarm.Warning,
				Message: fmt.Sprintf("the clock of worker %s is about %v %s of the gateway's", m.ID, skew.Abs().Round(time.Second), ahead),
			})
		}
	}
	return out
}

// some names a few.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(names[:few], ", "), len(names)-few)
}

func reason(words string) string {
	if words == "" {
		return ""
	}
	return " (" + words + ")"
}

func critical(message string) []alarm.Alarm {
	return []alarm.Alarm{{Severity: alarm.Critical, Message: message}}
}

func warning(message string) []alarm.Alarm {
	return []alarm.Alarm{{Severity: alarm.Warning, Message: message}}
}
