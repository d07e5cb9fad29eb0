package mock

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Knobs are what the model string of a mock provider may set, written as a
// query: "latency=800ms&jitter=200ms&fail=0.1&class=transient&picture=copy".
type Knobs struct {
	Latency time.Duration // of one picture, all steps together
	Jitter  time.Duration // up to so much is added or taken away
	Fail    float64       // share of calls that fail, 0…1
	Class   task.Class    // how they fail
	Steps   int           // reports of progress
	Seed    int64         // of the dice for jitter and failures; 0: truly random
	Copy    bool          // return fixed bytes and use no CPU
	Sync    bool          // the work has no name, so that nobody can take up a lost call
	Journal string        // file to which every call that would be billed is appended, "" for none
}

// Defaults feel like a quick vendor.
func Defaults() Knobs {
	return Knobs{Latency: 2 * time.Second, Jitter: 300 * time.Millisecond, Class: task.ClassTransient, Steps: 5}
}

// ParseKnobs reads a model string; a bare name such as "" or "mock" means the
// defaults. The error names all faults at once.
func ParseKnobs(model string) (Knobs, error) {
	k := Defaults()
	if !strings.Contains(model, "=") {
		return k, nil
	}
	q, err := url.ParseQuery(model)
	if err != nil {
		return k, fmt.Errorf("model: no query string: %w", err)
	}
	if q.Has("latency") && !q.Has("jitter") {
		k.Jitter = 0 // who asks for a time means that time
	}
	var errs []error
	for name, values := range q {
		if err := k.set(name, values[len(values)-1]); err != nil {
			errs = append(errs, fmt.Errorf("model: %s: %w", name, err))
		}
	}
	return k, errors.Join(errs...)
}

func (k *Knobs) set(name, v string) (err error) {
	switch name {
	case "latency":
		k.Latency, err = duration(v)
	case "jitter":
		k.Jitter, err = duration(v)
	case "fail":
		k.Fail, err = share(v)
	case "class":
		k.Class = task.Class(v)
		if !slices.Contains(failures(), k.Class) {
			err = fmt.Errorf("%q is no class of failure", v)
		}
	case "steps":
		k.Steps, err = strconv.Atoi(v)
		if err == nil && (k.Steps < 1 || k.Steps > 100) {
			err = errors.New("must be 1 to 100")
		}
	case "seed":
		k.Seed, err = strconv.ParseInt(v, 10, 64)
	case "sync":
		k.Sync, err = strconv.ParseBool(v)
	case "journal":
		k.Journal = v
	case "picture":
		k.Copy = v == "copy"
		if v != "copy" && v != "paint" {
			err = fmt.Errorf("%q is neither copy nor paint", v)
		}
	default:
		err = errors.New("there is no such knob")
	}
	return err
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err == nil && (d < 0 || d > time.Hour) {
		err = errors.New("must be 0 to 1h")
	}
	return d, err
}

func share(v string) (float64, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err == nil && !(f >= 0 && f <= 1) {
		err = errors.New("must be 0 to 1")
	}
	return f, err
}

func failures() []task.Class {
	return []task.Class{
		task.ClassNetwork, task.ClassTimeout, task.ClassTransient, task.ClassRate, task.ClassQuota,
		task.ClassContent, task.ClassAuth, task.ClassInput,
	}
}

// outcome is what a real vendor's failure of a class means for money.
func outcome(c task.Class) task.Outcome {
	switch c {
	case task.ClassNetwork, task.ClassTimeout:
		return task.Unknown
	case task.ClassTransient:
		return task.FailedUnbilled
	default:
		return task.Rejected
	}
}
