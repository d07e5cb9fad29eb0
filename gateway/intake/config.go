package intake

import (
	"cmp"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// FeedbackBucket keeps people's ratings for the retention: its age tells which
// one the engine has.
const FeedbackBucket = "feedback"

// Config says how long tasks may take and live.
type Config struct {
	Retention time.Duration // of a task and its picture, from acceptance
	Wanted    time.Duration // the retention that is configured, where the engine has another; 0 for the same
	Deadline  time.Duration // a task that is not finished by then expires
	Region    string        // preferred by new tasks, "" for none
}

// Defaults keep tasks for a day and give them an hour.
func Defaults() Config { return Config{Retention: 24 * time.Hour, Deadline: time.Hour} }

// wanted is how long the engine shall keep things.
func (c Config) wanted() time.Duration { return cmp.Or(c.Wanted, c.Retention) }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Retention < time.Second, "retention: must be at least 1s, is %v", c.Retention)
	faults.If(c.Deadline <= 0 || c.Deadline > c.Retention, "intake.deadline: must be positive and at most retention, is %v", c.Deadline)
	return faults.Err()
}
