package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// againMost bounds the regenerated pictures that wait to be counted.
const againMost = 1024

// feedback is what a person said about a result.
type feedback struct {
	Rating string    `json:"rating,omitempty"`
	Again  bool      `json:"again,omitempty"` // another picture was asked for, and that is counted
	Style  string    `json:"style"`
	Place  string    `json:"place"`
	At     time.Time `json:"at"`
}

// Feedback keeps a person's rating of a finished task for as long as the task
// lives. A second rating replaces the first.
func (in *Intake) Feedback(ctx context.Context, s session.ID, id task.ID, rating string) error {
	r, err := in.Get(ctx, s, id)
	if err != nil {
		return err
	}
	if !validRating(rating) {
		return fault.New(fault.RatingInvalid).At("/rating", fault.FieldOutOfRange, "must be 1…5, \"like\" or \"dislike\"")
	}
	if !r.State.Terminal() {
		return fault.New(fault.TaskNotFinished)
	}
	before, err := in.editFeedback(ctx, r, func(f *feedback) { f.Rating = rating })
	if err != nil {
		return err
	}
	in.count(r, rated(rating, 1), rated(before.Rating, -1))
	in.met.feedback.WithLabelValues(rating).Inc()
	return nil
}

// editFeedback changes the feedback of a task and returns what it was before.
func (in *Intake) editFeedback(ctx context.Context, r *task.Record, edit func(*feedback)) (before feedback, err error) {
	_, err = in.feedback.Update(ctx, feedbackKey(r.Session, r.ID), func(old []byte) ([]byte, time.Duration, error) {
		before = feedback{}
		if old != nil {
			if err := json.Unmarshal(old, &before); err != nil {
				return nil, 0, err
			}
		}
		next := before
		next.Style, next.Place, next.At = r.Style, r.Place, in.now().UTC()
		edit(&next)
		value, err := json.Marshal(next)
		return value, in.left(r), err
	})
	if err != nil {
		return before, fmt.Errorf("keep feedback: %w", err)
	}
	return before, nil
}

// again notes that another picture like this one was asked for. It does not
// wait until that is counted.
func (in *Intake) again(from *task.Record) {
	if from == nil || in.arms == nil || from.Arm == nil || !experiment.Made(*from.Arm, from) {
		return
	}
	select {
	case in.repeats <- from:
	default: // one of very many
	}
}

// runRepeats counts pictures that were asked for again, each of them once.
func (in *Intake) runRepeats(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case from := <-in.repeats:
			before, err := in.editFeedback(ctx, from, func(f *feedback) { f.Again = true })
			if err == nil && !before.Again {
				in.count(from, experiment.Counts{Regenerated: 1})
			}
		}
	}
}

// Removed counts that a person deleted this picture, and not the whole session.
func (in *Intake) Removed(r *task.Record) { in.count(r, experiment.Counts{Deleted: 1}) }

// count counts feedback on a picture for the arm that made it.
func (in *Intake) count(r *task.Record, feedback ...experiment.Counts) {
	if in.arms == nil || r.Arm == nil || !experiment.Made(*r.Arm, r) {
		return
	}
	var sum experiment.Counts
	for _, c := range feedback {
		sum.Add(c)
	}
	in.arms.Feedback(*r.Arm, sum)
}

// rated is what a rating counts for. n is -1 to take it back.
func rated(rating string, n int64) (c experiment.Counts) {
	switch rating {
	case "":
	case "4", "5", "like":
		c.Rated, c.Liked = n, n
	default:
		c.Rated = n
	}
	return c
}

func validRating(rating string) bool {
	switch rating {
	case "1", "2", "3", "4", "5", "like", "dislike":
		return true
	}
	return false
}

func feedbackKey(s session.ID, id task.ID) string { return string(s) + "." + string(id) }

func (in *Intake) eraseFeedback(ctx context.Context, r *task.Record) error {
	return in.feedback.Delete(ctx, feedbackKey(r.Session, r.ID), engine.AnyRevision)
}
