package double

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Fault is one way a call goes wrong: a class that the vendor says in its own
// words, or one of the ways a connection breaks.
type Fault string

// How a connection breaks. The vendor has worked, and bills.
const (
	Malformed   Fault = "malformed"   // the answer is no JSON
	Truncated   Fault = "truncated"   // it ends in the middle
	Oversized   Fault = "oversized"   // it never ends
	SlowHeaders Fault = "slowheaders" // it begins late, by Knobs.Slow
	SlowBody    Fault = "slowbody"    // it dribbles for Knobs.Slow
	Hang        Fault = "hang"        // there is none
	Reset       Fault = "reset"       // the connection is reset instead
	Expired     Fault = "expired"     // the result's URL is not valid any more
	NoPicture   Fault = "nopicture"   // the result is a web page
)

func broken() []Fault {
	return []Fault{Malformed, Truncated, Oversized, SlowHeaders, SlowBody, Hang, Reset, Expired, NoPicture}
}

func classes() []task.Class {
	return []task.Class{
		task.ClassTimeout, task.ClassTransient, task.ClassRate, task.ClassQuota, task.ClassContent, task.ClassAuth, task.ClassInput,
	}
}

// Class is the class that a fault is said in, or "".
func (f Fault) Class() task.Class {
	if slices.Contains(classes(), task.Class(f)) {
		return task.Class(f)
	}
	return ""
}

// Stage is where in a job's life a fault strikes.
type Stage string

// The stages. A vendor without jobs has no Poll, and its Job is its Submit.
const (
	Submit Stage = ""
	Job    Stage = "job" // the job is accepted, and fails when it is due
	Poll   Stage = "poll"
	Cancel Stage = "cancel" // of a job
)

// Chance is how often a fault strikes at a stage, 0…1.
type Chance struct {
	Stage Stage
	Fault Fault
	Share float64
}

// Knobs are how a vendor behaves. The zero value answers at once and well.
type Knobs struct {
	Median  time.Duration // of the time that a picture takes
	P95     time.Duration // of the same; below Median it has no tail
	Queue   time.Duration // how long a job waits before it is begun
	Slow    time.Duration // what slow faults take
	Expires time.Duration // how long a result may be fetched, 0 for the vendor's own
	Slots   int           // jobs at once, past which the vendor says rate; 0 for no bound
	Allow   int           // calls that it still takes, and tells of where the vendor does; 0 for no bound
	Side    int           // long side of results at most, 0 for what was asked
	Seed    uint64        // of the dice; 0: truly random
	Chances []Chance
}

// Always is a vendor that fails in one way.
func Always(at Stage, f Fault) Knobs {
	return Knobs{Chances: []Chance{{Stage: at, Fault: f, Share: 1}}}
}

// ParseKnobs lays a query string over k:
// "median=4s&p95=9s&rate=0.05&hang=0.01&job.content=0.02&poll.reset=0.1". A
// median alone scales p95 with it. The error names all faults at once.
func ParseKnobs(query string, k Knobs) (Knobs, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return k, fmt.Errorf("no query string: %w", err)
	}
	before := k
	var errs []error
	for name, values := range q {
		if err := k.set(name, values[len(values)-1]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if q.Has("median") && !q.Has("p95") && before.Median > 0 {
		k.P95 = time.Duration(float64(k.Median) * float64(before.P95) / float64(before.Median))
	}
	slices.SortFunc(k.Chances, func(a, b Chance) int {
		return strings.Compare(string(a.Stage+"."+Stage(a.Fault)), string(b.Stage+"."+Stage(b.Fault)))
	})
	return k, errors.Join(errs...)
}

func (k *Knobs) set(name, v string) (err error) {
	times := map[string]*time.Duration{"median": &k.Median, "p95": &k.P95, "queue": &k.Queue, "slow": &k.Slow, "expires": &k.Expires}
	counts := map[string]*int{"slots": &k.Slots, "allowance": &k.Allow, "side": &k.Side}
	switch {
	case times[name] != nil:
		*times[name], err = duration(v)
	case counts[name] != nil:
		*counts[name], err = strconv.Atoi(v)
	case name == "seed":
		k.Seed, err = strconv.ParseUint(v, 10, 64)
	default:
		err = k.chance(name, v)
	}
	return err
}

func (k *Knobs) chance(name, v string) error {
	c := Chance{Fault: Fault(name)}
	if stage, fault, ok := strings.Cut(name, "."); ok {
		c.Stage, c.Fault = Stage(stage), Fault(fault)
	}
	breaks := slices.Contains(broken(), c.Fault) && c.Stage != Job // a job has no connection
	if !slices.Contains([]Stage{Submit, Job, Poll, Cancel}, c.Stage) || c.Fault.Class() == "" && !breaks {
		return errors.New("there is no such knob")
	}
	share, err := strconv.ParseFloat(v, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return errors.New("must be 0 to 1")
	}
	c.Share = share
	k.Chances = append(slices.Clone(k.Chances), c)
	return nil
}

func duration(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err == nil && (d < 0 || d > 24*time.Hour) {
		err = errors.New("must be 0 to 24h")
	}
	return d, err
}

// z95 is where the standard normal distribution has its 95th percentile.
const z95 = 1.6449

// latency draws the time of one picture: log-normal, as queues at vendors are.
func (k Knobs) latency(dice *rand.Rand) time.Duration {
	if k.P95 <= k.Median || k.Median <= 0 {
		return k.Median
	}
	sigma := math.Log(float64(k.P95)/float64(k.Median)) / z95
	return time.Duration(float64(k.Median) * math.Exp(sigma*dice.NormFloat64()))
}

// draw decides whether a fault strikes at a stage. Shares add up.
func (k Knobs) draw(at Stage, dice *rand.Rand) Fault {
	roll := dice.Float64()
	for _, c := range k.Chances {
		if c.Stage != at {
			continue
		}
		if roll < c.Share {
			return c.Fault
		}
		roll -= c.Share
	}
	return ""
}
