package health

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	pastHours = 24
	pastCalls = 100 // whose outcomes are remembered one by one
	pastRow   = 16  // tasks that failed since the last picture
)

// Refusal is the last call of a provider that gave no picture: the vendor's
// own code and words.
type Refusal struct {
	Class   task.Class `json:"class"`
	Code    string     `json:"code,omitempty"`
	Message string     `json:"message,omitempty"`
	At      time.Time  `json:"at"`
}

// Past is what calls to a provider came to, for operators. It outlives terms and
// restarts, and names nobody: tasks and photos are hashes.
type Past struct {
	Hours  []Hour   `json:"hours,omitempty"`  // of the last day, the oldest first
	Recent string   `json:"recent,omitempty"` // the last calls: 1 for a picture, 0 for none
	Last   *Refusal `json:"last,omitempty"`
	Row    []Failed `json:"row,omitempty"` // tasks that failed since the last picture
}

// Hour counts the calls of one.
type Hour struct {
	Hour  int64 `json:"hour"` // since 1970
	Calls int64 `json:"calls"`
	Made  int64 `json:"made"`
}

// Failed is a task whose call gave no picture.
type Failed struct {
	Task  string     `json:"task"`
	Photo string     `json:"photo,omitempty"`
	Class task.Class `json:"class"`
	At    time.Time  `json:"at"`
}

// counts reports whether an outcome says something of the provider, also that
// it refuses. What no worker took, what we lost and what was called off does
// not, nor does a photo that is gone.
func counts(out workerrpc.Outcome) bool {
	if out.Result == task.OK {
		return true
	}
	switch out.Class {
	case task.ClassCanceled, task.ClassBusy, task.ClassNone:
		return false
	}
	return !ours(out.Code) && !workerrpc.Refused(fault.Code(out.Code))
}

// take takes the outcome of a call in.
func (p *Past) take(c Call, said verdict, out workerrpc.Outcome, now time.Time) {
	if !counts(out) {
		return
	}
	made := out.Result == task.OK
	p.count(made, now)
	switch {
	case made:
		p.Row = nil
		return
	case said == alive: // key, account and line are good
		p.Row = slices.DeleteFunc(p.Row, func(f Failed) bool { return !picky(f.Class) })
	}
	p.Last = &Refusal{Class: out.Class, Code: out.Code, Message: out.Message, At: now.UTC()}
	f := Failed{Task: digest(c.Task), Photo: digest(c.Photo), Class: out.Class, At: now.UTC()}
	p.Row = slices.DeleteFunc(p.Row, func(o Failed) bool { return o.Task == f.Task })
	p.Row = append(p.Row, f)
	p.Row = slices.Clone(p.Row[max(0, len(p.Row)-pastRow):])
}

func (p *Past) count(made bool, now time.Time) {
	hour, n := now.Unix()/3600, int64(0)
	if made {
		n = 1
	}
	p.Recent += strconv.FormatInt(n, 10)
	p.Recent = p.Recent[max(0, len(p.Recent)-pastCalls):]
	p.Hours = slices.DeleteFunc(p.Hours, func(h Hour) bool { return h.Hour <= hour-pastHours })
	if len(p.Hours) == 0 || p.Hours[len(p.Hours)-1].Hour != hour {
		p.Hours = append(p.Hours, Hour{Hour: hour})
	}
	last := &p.Hours[len(p.Hours)-1]
	last.Calls, last.Made = last.Calls+1, last.Made+n
}

// Calls counts those of the last day.
func (p *Past) Calls(now time.Time) (n int64) {
	for _, h := range p.Hours {
		if h.Hour > now.Unix()/3600-pastHours {
			n += h.Calls
		}
	}
	return n
}

// Success is the share of the last calls that gave a picture; nil before the
// first.
func (p *Past) Success() *float64 {
	if p.Recent == "" {
		return nil
	}
	share := float64(strings.Count(p.Recent, "1")) / float64(len(p.Recent))
	return &share
}

const (
	failingTasks  = 3 // of different tasks since the last picture
	failingPhotos = 3 // of different photos, where the photo may be at fault
	failingPicky  = 5 // or of so many tasks with fewer photos
	failingWords  = 10
	failingRate   = 3 * time.Second // a limit on our rate alone passes
	failingKept   = 24 * time.Hour
)

// picky reports whether a refusal of this class may be due to the photo or the
// words of one person.
func picky(c task.Class) bool { return c == task.ClassInput || c == task.ClassContent }

// Failing reports whether the provider fails everybody: it refuses our key or
// our account, or enough different tasks and photos since its last picture. No
// breaker counts what it says of photos.
func (p *Past) Failing(now time.Time) bool {
	by := make(map[task.Class]int)
	photos, strangers := make(map[string]bool), make(map[string]bool)
	first := now
	for _, f := range p.Row {
		if now.Sub(f.At) > failingKept {
			continue
		}
		by[f.Class]++
		strangers[f.Photo] = true
		if f.Class == task.ClassInput {
			photos[f.Photo] = true
		}
		if f.At.Before(first) {
			first = f.At
		}
	}
	broken := by[task.ClassNetwork] + by[task.ClassTimeout] + by[task.ClassTransient]
	switch {
	case by[task.ClassAuth]+by[task.ClassQuota] > 0, broken >= failingTasks:
		return true
	case broken+by[task.ClassRate] >= failingTasks && now.Sub(first) >= failingRate:
		return true
	case len(photos) >= failingPhotos, by[task.ClassInput] >= failingPicky:
		return true
	}
	return len(strangers) >= failingWords
}

// Tasks counts those that failed since the last picture, and their photos.
func (p *Past) Tasks() (tasks, photos int) {
	seen := make(map[string]bool)
	for _, f := range p.Row {
		seen[f.Photo] = true
	}
	return len(p.Row), len(seen)
}

// Since is when the first of these failed.
func (p *Past) Since() time.Time {
	if len(p.Row) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(p.Row, func(a, b Failed) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) }).At
}

// clone shares nothing that changes.
func (p Past) clone() Past {
	p.Hours, p.Row = slices.Clone(p.Hours), slices.Clone(p.Row)
	return p
}

// digest names something without naming it.
func digest(s string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return strconv.FormatUint(h.Sum64(), 36)
}
