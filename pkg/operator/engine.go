package operator

import (
	"context"
	"net/http"
)

// Stream is one stream of the engine.
type Stream struct {
	Stream   string `json:"stream"`
	Replicas int    `json:"replicas"` // that it shall have
	Current  int    `json:"current"`  // of these, how many have everything
	Leader   string `json:"leader"`   // "" while there is none
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	Lag      uint64 `json:"lag"` // messages that the slowest replica has yet to get
}

// EngineApply asks that the engine becomes what the configuration of the
// gateway that answers says.
type EngineApply struct {
	Replicas int `json:"replicas,omitempty"` // of every stream; 0: as configured
}

// EngineApplied is what was changed, or would be.
type EngineApplied struct {
	DryRun  bool               `json:"dryRun"`
	Changes []EngineDifference `json:"changes"`
	Note    string             `json:"note,omitempty"` // what the operator has to do next
}

// EngineDifference is an option that is not as configured.
type EngineDifference struct {
	Stream  string `json:"stream,omitempty"` // "" for a setting that all gateways share
	Option  string `json:"option"`
	Has     string `json:"has"`
	Wants   string `json:"wants"`
	Problem string `json:"problem,omitempty"` // why it was not changed
}

// Engine lists the streams of the engine.
func (c *Client) Engine(ctx context.Context) ([]Stream, error) {
	return list[Stream](ctx, c, "/engine", nil)
}

// ApplyEngine makes the engine as configured.
func (c *Client) ApplyEngine(ctx context.Context, a EngineApply, e Edit) (EngineApplied, error) {
	return ask[EngineApplied](ctx, c, request{method: http.MethodPost, path: "/engine/apply", edit: &e, body: a})
}
