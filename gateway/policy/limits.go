package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Limits are the bounds an operator can move while everything runs. 0 turns a
// limit off.
type Limits struct {
	SessionDaily       int64 `json:"sessionDaily"`       // tasks accepted per session and Shanghai day
	SessionActive      int64 `json:"sessionActive"`      // tasks of a session queued or running at once
	SessionStreams     int64 `json:"sessionStreams"`     // open event streams of a session
	SessionUploadBytes int64 `json:"sessionUploadBytes"` // bytes a session may have uploaded at once
	IPPerMinute        int64 `json:"ipPerMinute"`        // POST requests of an address
	IPDaily            int64 `json:"ipDaily"`            // tasks of an address per day
	IPSessionsPerHour  int64 `json:"ipSessionsPerHour"`  // new sessions of an address
	QueueDepth         int64 `json:"queueDepth"`         // tasks waiting, all together
	MaxUploadBytes     int64 `json:"maxUploadBytes"`     // of one photo
	MaxPixels          int64 `json:"maxPixels"`          // of one photo
	TaskFen            int64 `json:"taskFen"`            // money one task may cost
}

// DefaultLimits are those of the public contract.
func DefaultLimits() Limits {
	return Limits{
		SessionDaily: 20, SessionActive: 3, SessionStreams: 8, SessionUploadBytes: 1 << 30,
		IPPerMinute: 120, IPDaily: 200, IPSessionsPerHour: 60, QueueDepth: 100_000,
		MaxUploadBytes: 64 << 20, MaxPixels: 100_000_000, TaskFen: 200,
	}
}

// LimitKeys lists the names of the limits, in the order of the contract.
func LimitKeys() []string {
	return []string{
		"sessionDaily", "sessionActive", "sessionStreams", "sessionUploadBytes", "ipPerMinute", "ipDaily",
		"ipSessionsPerHour", "queueDepth", "maxUploadBytes", "maxPixels", "taskFen",
	}
}

// Get returns a limit by its name; an unknown name is not known.
func (l Limits) Get(key string) (value int64, known bool) {
	p := l.field(key)
	if p == nil {
		return 0, false
	}
	return *p, true
}

// With returns l with overrides on top. Unknown names are ignored: they were
// written by a newer version of us.
func (l Limits) With(overrides map[string]int64) Limits {
	for key, value := range overrides {
		if p := l.field(key); p != nil {
			*p = value
		}
	}
	return l
}

// Validate names every limit that cannot be.
func (l Limits) Validate() error {
	var errs []error
	for _, key := range LimitKeys() {
		if v, _ := l.Get(key); v < 0 {
			errs = append(errs, fmt.Errorf("limits.%s: must not be negative, is %d", key, v))
		}
	}
	return errors.Join(errs...)
}

func (l *Limits) field(key string) *int64 {
	fields := []*int64{
		&l.SessionDaily, &l.SessionActive, &l.SessionStreams, &l.SessionUploadBytes, &l.IPPerMinute, &l.IPDaily,
		&l.IPSessionsPerHour, &l.QueueDepth, &l.MaxUploadBytes, &l.MaxPixels, &l.TaskFen,
	}
	if i := slices.Index(LimitKeys(), key); i >= 0 {
		return fields[i]
	}
	return nil
}
