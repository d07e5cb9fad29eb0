package experiment

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Measure is what a task that has ended says of its arm. The arm is judged by
// what it was meant to do. When another provider made the picture, as a
// fallback or as a hedge, the arm has failed, whatever the person got. It has
// also failed when its provider refused the content.
//
// A task says nothing of its arm when its owner ended it, when a stand-in made
// the picture, or when the arm's provider was never asked, because it was
// switched off, out of money, broken or full, or limited our rate.
func Measure(arm task.Arm, r *task.Record) Counts {
	switch {
	case r.Deleted, r.State == task.Canceled:
		return Counts{Canceled: 1}
	case r.Degraded:
		return Counts{Degraded: 1}
	case !asked(arm, r):
		return Counts{Missed: 1}
	}
	fen := int64(0)
	for _, a := range r.Attempts {
		fen += a.PriceFen
	}
	if !Made(arm, r) {
		return Failure(fen)
	}
	return Picture(took(r), fen)
}

// Made reports whether a task ended with a picture of its arm. Only then does
// feedback on the picture count for the arm.
func Made(arm task.Arm, r *task.Record) bool {
	if r.State != task.Succeeded || r.Deleted || r.Degraded || r.Cached {
		return false
	}
	maker, at := "", time.Time{}
	for _, a := range r.Attempts { // a hedge that lost may have made one, too
		if a.Outcome == task.OK && a.EndedAt != nil && (maker == "" || a.EndedAt.Before(at)) {
			maker, at = a.Provider, *a.EndedAt
		}
	}
	return maker == arm.Provider
}

// asked reports whether an attempt says something of the arm's provider.
func asked(arm task.Arm, r *task.Record) bool {
	for _, a := range r.Attempts {
		unsent := a.Outcome == task.NotSent && a.Class != task.ClassInput // no words fit the model: that is the arm
		if a.Provider == arm.Provider && !unsent && a.Class != task.ClassRate && a.Class != task.ClassCanceled {
			return true
		}
	}
	return false
}

func took(r *task.Record) time.Duration {
	if r.StartedAt == nil || r.FinishedAt == nil {
		return 0
	}
	return r.FinishedAt.Sub(*r.StartedAt)
}
