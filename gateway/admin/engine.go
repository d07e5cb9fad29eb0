package admin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// streams is gateway/engine.
type streams interface {
	Streams(ctx context.Context) ([]engine.StreamStatus, error)
	Differences(ctx context.Context, replicas int) ([]engine.Difference, error)
	Apply(ctx context.Context, all []engine.Difference) []engine.Difference
	Configured() (replicas int)
}

func (s *Server) engineStatus(r *http.Request) (any, error) {
	all, err := s.deps.Engine.Streams(r.Context())
	if err != nil {
		return nil, err
	}
	out := operator.List[operator.Stream]{Data: []operator.Stream{}}
	for _, x := range all {
		out.Data = append(out.Data, operator.Stream(x))
	}
	return out, nil
}

// applyEngine carries out what differs from this gateway's configuration, and
// notes what was changed.
func (s *Server) applyEngine(r *http.Request, a operator.EngineApply) (any, error) {
	if a.Replicas < 0 || a.Replicas > engine.MaxReplicas {
		return nil, invalid("/replicas", fmt.Sprintf("must be 1…%d", engine.MaxReplicas))
	}
	all, err := s.deps.Engine.Differences(r.Context(), a.Replicas)
	if err != nil {
		return nil, err
	}
	e, err := edit(r, "engine.apply", applied(len(all)))
	if err != nil {
		return nil, err
	}
	out := operator.EngineApplied{DryRun: e.DryRun, Changes: []operator.EngineDifference{}, Note: s.nextStart(a.Replicas)}
	if !e.DryRun {
		all = s.deps.Engine.Apply(r.Context(), all)
	}
	before, after := make(map[string]map[string]string), make(map[string]map[string]string)
	for _, d := range all {
		out.Changes = append(out.Changes, operator.EngineDifference{Stream: d.Stream, Option: d.Option, Has: d.Has, Wants: d.Wants, Problem: d.Problem})
		if d.Problem == "" {
			put(before, d.Stream, d.Option, d.Has)
			put(after, d.Stream, d.Option, d.Wants)
		}
	}
	if !e.DryRun && len(after) > 0 {
		_, err = s.deps.Policy.Note(context.WithoutCancel(r.Context()), e, before, after)
	}
	return out, err
}

func applied(n int) string {
	if n == 1 {
		return "1 option"
	}
	return fmt.Sprintf("%d options", n)
}

func put(to map[string]map[string]string, stream, option, value string) {
	if stream == "" {
		stream = "shared"
	}
	if to[stream] == nil {
		to[stream] = make(map[string]string)
	}
	to[stream][option] = value
}

// nextStart says what an operator must write before this gateway starts again.
func (s *Server) nextStart(replicas int) string {
	is := s.deps.Engine.Configured()
	switch {
	case replicas == 0 || is == 0 || is == replicas:
		return ""
	case is < replicas:
		return fmt.Sprintf("engine.replicas of this gateway is %d: write %d or leave it out, or the gateway does not start again", is, replicas)
	default:
		return fmt.Sprintf("engine.replicas of this gateway is %d: write %d or leave it out, or the alarm stands", is, replicas)
	}
}
