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

// opinion is what a person thinks of a result.
type opinion struct {
	Rating string    `json:"rating,omitempty"`
	Again  bool      `json:"again,omitempty"` // another one was asked for, and counted
	Style  string    `json:"style"`
	Place  string    `json:"place"`
	At     time.Time `json:"at"`
}

// Feedback keeps what a person thinks of a finished task, for as long as that
// lives; the last word counts.
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
	before, err := in.opine(ctx, r, func(o *opinion) { o.Rating = rating })
	if err != nil {
		return err
	}
	in.judge(r, rated(rating, 1), rated(before.Rating, -1))
	in.met.feedback.WithLabelValues(rating).Inc()
	return nil
}

// opine changes what is kept of a person's opinion, and returns what was.
func (in *Intake) opine(ctx context.Context, r *task.Record, edit func(*opinion)) (before opinion, err error) {
	_, err = in.feedback.Update(ctx, feedbackKey(r.Session, r.ID), func(old []byte) ([]byte, time.Duration, error) {
		before = opinion{}
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

// again notes that another picture was asked for; whoever asked does not wait.
func (in *Intake) again(from *task.Record) {
	if from == nil || in.arms == nil || from.Arm == nil || !experiment.Made(*from.Arm, from) {
		return
	}
	select {
	case in.repeats <- from:
	default: // one opinion of very many
	}
}

// runRepeats counts each picture that was made again once.
func (in *Intake) runRepeats(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case from := <-in.repeats:
			before, err := in.opine(ctx, from, func(o *opinion) { o.Again = true })
			if err == nil && !before.Again {
				in.judge(from, experiment.Counts{Regenerated: 1})
			}
		}
	}
}

// Removed says that a person deleted a picture and not all they had.
func (in *Intake) Removed(r *task.Record) { in.judge(r, experiment.Counts{Deleted: 1}) }

// judge counts what somebody thinks of a picture for the arm that made it.
func (in *Intake) judge(r *task.Record, opinions ...experiment.Counts) {
	if in.arms == nil || r.Arm == nil || !experiment.Made(*r.Arm, r) {
		return
	}
	var sum experiment.Counts
	for _, o := range opinions {
		sum.Add(o)
	}
	in.arms.Feedback(*r.Arm, sum)
}

// rated is what a rating counts for, or with -1 what it counted for.
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

// forgetOpinion removes what a person thought of a task.
func (in *Intake) forgetOpinion(ctx context.Context, r *task.Record) error {
	return in.feedback.Delete(ctx, feedbackKey(r.Session, r.ID), engine.AnyRevision)
}
