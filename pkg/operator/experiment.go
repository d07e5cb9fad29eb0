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

// Arm is a provider, the words of one catalogue, and numbers that stand where
// a style's defaults stand. What is zero is as without an experiment.
type Arm struct {
	Name       string  `json:"name"`
	Provider   string  `json:"provider"`
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
	Traffic int    `json:"traffic,omitempty"` // 0: 100
	Arms    []Arm  `json:"arms"`
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
