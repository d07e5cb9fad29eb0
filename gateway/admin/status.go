package admin

import (
	"cmp"
	"net/http"
	"runtime"
	"slices"

	"github.com/imgfleet/imgfleet/gateway/objective"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) version(*http.Request) (any, error) {
	return operator.Version{Version: s.deps.Version, Go: runtime.Version()}, nil
}

// status gathers the whole at a glance. What cannot be asked is trouble, not
// a failure: this is the page people look at when something is down.
func (s *Server) status(r *http.Request) (any, error) {
	state := s.deps.Policy.State()
	out := operator.Status{
		Version: s.deps.Version, Environment: s.deps.Environment, StartedAt: s.started.UTC(),
		Policy: state.Version, Intake: s.pause(), Regions: map[string]int{}, Disabled: []string{},
	}
	report := s.deps.Ready.Report(r.Context())
	out.Ready, out.Trouble, out.Checks = report.Ready, report.Trouble(), checks(report)
	for _, w := range s.deps.Fleet.Workers() {
		out.Workers++
		out.Regions[w.Region]++
		out.Capacity += w.Capacity
	}
	for name, p := range state.Providers {
		if p.Disabled {
			out.Disabled = append(out.Disabled, name)
		}
	}
	slices.Sort(out.Disabled)
	s.load(r, &out)
	if out.Objectives, out.WindowSeconds = []operator.Objective{}, objective.Window.Seconds(); s.deps.Objectives != nil {
		out.Objectives = s.deps.Objectives.Objectives()
	}
	return out, nil
}

// load fills in what the dispatcher and the queue know.
func (s *Server) load(r *http.Request, out *operator.Status) {
	d := s.deps.Dispatch.Status()
	out.Leader, out.Running, out.InFlight, out.Alarms = d.Leader, d.Running, d.InFlight, s.standing()
	if l := d.Load; l != nil {
		out.Running, out.P50Seconds, out.P90Seconds = l.Running, l.P50, l.P90
	}
	backlog, err := s.deps.Queue.Backlog(r.Context())
	if err != nil {
		out.Ready, out.Trouble = false, cmp.Or(out.Trouble, err.Error())
		return
	}
	out.Queued = max(0, int(backlog)-out.Running)
}
