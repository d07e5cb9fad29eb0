package operator

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Experiment compares ways to make pictures, its arms: each session that
// takes part is given one. The operator state keeps it, and the admin API
// takes and shows it.
type Experiment struct {
	Split     Split      `json:"split,omitempty"`   // "" is by weight
	Traffic   int        `json:"traffic,omitempty"` // percent of the sessions take part; 0 is 100 when one begins
	Arms      []Arm      `json:"arms"`
	StartedAt time.Time  `json:"startedAt,omitzero"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Why       string     `json:"why,omitempty"` // it was stopped
}

// Split says how sessions are divided among arms.
type Split string

// The splits.
const (
	SplitWeights  Split = "weights"
	SplitThompson Split = "thompson" // as probably as an arm is the best by what it has shown; weights do not count
)

// Arm is one of the ways: a provider, which is one model, the words of one
// catalogue, and numbers that stand where a style's defaults stand. What is
// zero is as without an experiment.
type Arm struct {
	Name       string  `json:"name"`
	Provider   string  `json:"provider"`
	Model      string  `json:"model,omitempty"`   // the provider's, when the experiment began
	Weight     int     `json:"weight,omitempty"`  // 0 is 1 when one begins
	Catalog    int     `json:"catalog,omitempty"` // version
	Aspect     string  `json:"aspect,omitempty"`
	Resolution string  `json:"resolution,omitempty"`
	Steps      int     `json:"steps,omitempty"`
	CFG        float64 `json:"cfg,omitempty"`
	Strength   float64 `json:"strength,omitempty"`
}

// Running reports whether sessions are given arms now.
func (e Experiment) Running() bool { return e.EndedAt == nil }

// Stop ends the experiment.
func (e *Experiment) Stop(why string, now time.Time) {
	now = now.UTC().Truncate(time.Millisecond)
	e.EndedAt, e.Why = &now, Clip(why)
}

// Book is the name under which the experiment is counted, and no other is:
// a name alone may be used again.
func (e Experiment) Book(name string) string {
	return name + "-" + strconv.FormatInt(e.StartedAt.UnixMilli(), 36)
}

// The states of an Experiment.
const (
	ExperimentRunning = "running"
	ExperimentStopped = "stopped"
)

// ExperimentStatus is an experiment and where it stands.
type ExperimentStatus struct {
	Name string `json:"name"`
	Experiment

	State   string      `json:"state"`             // running or stopped
	Results []ArmResult `json:"results,omitempty"` // of its arms, in a report
}

// ArmResult is what an arm has shown. Pictures that others made, as fallbacks
// or hedges, are failures of the arm. An Estimate is nil before its first
// sample; its interval holds the truth 95 times in 100.
type ArmResult struct {
	Arm         string    `json:"arm"`
	Share       float64   `json:"share"` // of the sessions that take part, now
	Best        float64   `json:"best"`  // the probability that it is
	Tasks       int64     `json:"tasks"`
	Pictures    int64     `json:"pictures"`
	Success     *Estimate `json:"success,omitempty"`
	P50         *Estimate `json:"p50Seconds,omitempty"` // of the pictures, from the first attempt on
	P95         *Estimate `json:"p95Seconds,omitempty"`
	CostFen     int64     `json:"costFen"` // of all its tasks, fallbacks included
	FenPerTask  float64   `json:"fenPerTask"`
	Rated       int64     `json:"rated"`
	Liked       *Estimate `json:"liked,omitempty"` // of those rated: 4, 5 or "like"
	Regenerated *Estimate `json:"regenerated,omitempty"`
	Deleted     *Estimate `json:"deleted,omitempty"`
	LeftOut     LeftOut   `json:"leftOut"`
}

// LeftOut counts tasks from which nothing can be concluded about their arm.
type LeftOut struct {
	Degraded int64 `json:"degraded"` // the stand-in made the picture
	Canceled int64 `json:"canceled"`
	NotAsked int64 `json:"notAsked"` // the provider was off, out of money, broken or full
}

// Estimate is a number and how sure it is.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// ReportExperiment tells how the arms of an experiment do.
func (c *Client) ReportExperiment(ctx context.Context, name string) (ExperimentStatus, error) {
	return ask[ExperimentStatus](ctx, c, request{method: http.MethodGet, path: "/experiments/" + url.PathEscape(name)})
}

// Experiments lists the experiments, the newest first.
func (c *Client) Experiments(ctx context.Context) ([]ExperimentStatus, error) {
	return list[ExperimentStatus](ctx, c, "/experiments", nil)
}

// StartExperiment begins one.
func (c *Client) StartExperiment(ctx context.Context, name string, x Experiment, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/experiments", edit: &e, body: struct {
		Name string `json:"name"`
		Experiment
	}{name, x}})
}

// StopExperiment ends one: from then on tasks are made as without it.
func (c *Client) StopExperiment(ctx context.Context, name string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/experiments/" + url.PathEscape(name) + "/stop", edit: &e})
}
