package admin

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// workers lists the fleet, and after it workers that are away but marked:
// a drain outlives the worker's restart.
func (s *Server) workers(*http.Request) (any, error) {
	state := s.deps.Policy.State()
	out := operator.List[operator.Worker]{Data: []operator.Worker{}}
	present := make(map[string]bool)
	for _, m := range s.deps.Fleet.Workers() {
		present[m.ID] = true
		out.Data = append(out.Data, worker(m, state.Workers[m.ID]))
	}
	for id, w := range state.Workers {
		if !present[id] {
			out.Data = append(out.Data, operator.Worker{ID: id, Drained: w.Drain, Reason: w.Reason, Providers: []string{}})
		}
	}
	slices.SortFunc(out.Data, func(a, b operator.Worker) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func worker(m fleet.Member, w policy.Worker) operator.Worker {
	return operator.Worker{
		ID: m.ID, Address: m.Address, Region: m.Region, Capacity: m.Capacity, InFlight: m.InFlight,
		Providers: m.Providers, Version: m.Version, Draining: m.Draining, Drained: w.Drain, Reason: w.Reason,
		LastSeen: m.LastSeen, Present: true,
	}
}

func (s *Server) changeWorker(r *http.Request, patch operator.WorkerPatch) (any, error) {
	id := r.PathValue("id")
	_, marked := s.deps.Policy.State().Workers[id]
	if !marked && !slices.ContainsFunc(s.deps.Fleet.Workers(), func(m fleet.Member) bool { return m.ID == id }) {
		return nil, fault.New(fault.WorkerNotFound)
	}
	action, reason := "worker.undrain", ""
	if patch.Drain {
		action, reason = "worker.drain", spoken(r, operator.HeaderReason)
	}
	return s.change(r, action, id, func(state *policy.State) error {
		if state.Workers[id].Drain != patch.Drain {
			state.Workers[id] = policy.Worker{Drain: patch.Drain, Reason: reason}
		}
		return nil
	})
}
