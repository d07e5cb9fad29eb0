package operator

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Experiment compares ways to make pictures, its arms.
type Experiment struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`   // running or stopped
	Split     string     `json:"split"`   // weights or thompson
	Traffic   int        `json:"traffic"` // percent of the sessions take part
	Arms      []Arm      `json:"arms"`
	StartedAt time.Time  `json:"startedAt"`
	EndedAt   *time.Time `json:"endedAt,omitempty"`
	Why       string     `json:"why,omitempty"` // it was stopped
}

// The states of an Experiment.
const (
	ExperimentRunning = "running"
	ExperimentStopped = "stopped"
)

// The ways to divide sessions among arms: by their weights, or by what the
// arms have shown so far.
const (
	SplitWeights  = "weights"
	SplitThompson = "thompson"
)

// Arm is a provider, the words of one catalogue, and numbers that stand where
// a style's defaults stand. What is zero is as without an experiment.
type Arm struct {
	Name       string  `json:"name"`
	Provider   string  `json:"provider"`
	Model      string  `json:"model,omitempty"`   // the provider's; "": whichever it has
	Weight     int     `json:"weight,omitempty"`  // 0: 1
	Catalog    int     `json:"catalog,omitempty"` // version
	Aspect     string  `json:"aspect,omitempty"`
	Resolution string  `json:"resolution,omitempty"`
	Steps      int     `json:"steps,omitempty"`
	CFG        float64 `json:"cfg,omitempty"`
	Strength   float64 `json:"strength,omitempty"`
}

// ExperimentStart begins an experiment.
type ExperimentStart struct {
	Name    string `json:"name"`
	Split   string `json:"split,omitempty"`   // "": weights
	Traffic int    `json:"traffic,omitempty"` // 0: 100
	Arms    []Arm  `json:"arms"`
}

// ExperimentReport is how the arms do now.
type ExperimentReport struct {
	Experiment
	Results []ArmResult `json:"results"`
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

// LeftOut are tasks that say nothing of their arm.
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
func (c *Client) ReportExperiment(ctx context.Context, name string) (ExperimentReport, error) {
	return ask[ExperimentReport](ctx, c, request{method: http.MethodGet, path: "/experiments/" + url.PathEscape(name)})
}

// Experiments lists the experiments, the newest first.
func (c *Client) Experiments(ctx context.Context) ([]Experiment, error) {
	l, err := ask[List[Experiment]](ctx, c, request{method: http.MethodGet, path: "/experiments"})
	return l.Data, err
}

// StartExperiment begins one.
func (c *Client) StartExperiment(ctx context.Context, s ExperimentStart, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/experiments", edit: &e, body: s})
}

// StopExperiment ends one: from then on tasks are made as without it.
func (c *Client) StopExperiment(ctx context.Context, name string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/experiments/" + url.PathEscape(name) + "/stop", edit: &e})
}
