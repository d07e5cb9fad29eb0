package quota

import (
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// recentCharged is how many finished tasks an account remembers by id, so that
// a late retry of one is not counted twice. Older ones are only a number.
const recentCharged = 32

// account is what a session has used today and what is under way. Its JSON
// names are short because it is written at every accept.
type account struct {
	Day     int64         `json:"d"`           // Shanghai days since 1970
	Charged int64         `json:"c,omitempty"` // finished tasks of the day that count
	Recent  []string      `json:"r,omitempty"` // marks of the last of them
	Active  []reservation `json:"a,omitempty"`
	Granted int64         `json:"g,omitempty"` // on top of today's limit
	Built   int64         `json:"b"`           // unix nanoseconds, when computed from the tasks
	Checked int64         `json:"k,omitempty"` // unix seconds, the last search for stale reservations
}

type reservation struct {
	Task task.ID `json:"t"`
	At   int64   `json:"s"` // unix seconds
}

func (r reservation) at() time.Time { return time.Unix(r.At, 0) }

func newAccount(now time.Time) account {
	return account{Day: shanghai.DayNumber(now), Built: now.UnixNano()}
}

// roll begins a new day. Tasks that are still under way stay active; they were
// counted on their own day.
func (a *account) roll(now time.Time) {
	if day := shanghai.DayNumber(now); day != a.Day {
		a.Day, a.Charged, a.Recent, a.Granted = day, 0, nil, 0
	}
}

func (a *account) used() int64 {
	used := a.Charged
	for _, r := range a.Active {
		if a.today(r) {
			used++
		}
	}
	return used
}

func (a *account) today(r reservation) bool { return shanghai.DayNumber(r.at()) == a.Day }

func (a *account) knows(t task.ID) bool { return a.find(t) >= 0 || slices.Contains(a.Recent, mark(t)) }

// mark recognises a finished task without keeping its id.
func mark(t task.ID) string { return task.DeriveID("charged", string(t)) }

func (a *account) find(t task.ID) int {
	return slices.IndexFunc(a.Active, func(r reservation) bool { return r.Task == t })
}

func (a *account) reserve(t task.ID, at time.Time) {
	a.Active = append(slices.Clip(a.Active), reservation{Task: t, At: at.Unix()})
}

// add counts a record of the session.
func (a *account) add(r *task.Record) {
	at := reservation{Task: r.ID, At: r.CreatedAt.Unix()}
	switch {
	case !r.Deleted && !r.State.Terminal():
		a.Active = append(a.Active, at)
	case r.Counts() && a.today(at):
		a.charge(r.ID)
	}
}

// mayCheck bounds what the search for stale reservations costs.
func (a *account) mayCheck(now time.Time) bool {
	return len(a.Active) <= fewActive || now.Sub(time.Unix(a.Checked, 0)) >= checkEvery
}

// finish reports whether it changed anything.
func (a *account) finish(t task.ID, charged bool) bool {
	i := a.find(t)
	if i < 0 {
		return false
	}
	counted := charged && a.today(a.Active[i])
	a.Active = slices.Delete(slices.Clone(a.Active), i, i+1)
	if counted {
		a.charge(t)
	}
	return true
}

func (a *account) charge(t task.ID) {
	a.Charged++
	a.Recent = append(slices.Clip(a.Recent), mark(t))
	if extra := len(a.Recent) - recentCharged; extra > 0 {
		a.Recent = a.Recent[extra:]
	}
}
