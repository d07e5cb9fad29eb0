package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) experiments(*http.Request) (any, error) {
	out := operator.List[operator.ExperimentStatus]{Data: []operator.ExperimentStatus{}}
	for name, e := range s.deps.Policy.State().Experiments {
		out.Data = append(out.Data, experimentStatus(name, e))
	}
	slices.SortFunc(out.Data, func(a, b operator.ExperimentStatus) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func experimentStatus(name string, e operator.Experiment) operator.ExperimentStatus {
	e.Split = cmp.Or(e.Split, operator.SplitWeights)
	out := operator.ExperimentStatus{Name: name, Experiment: e, State: operator.ExperimentRunning}
	if !e.Running() {
		out.State = operator.ExperimentStopped
	}
	return out
}

func (s *Server) startExperiment(r *http.Request) (any, error) {
	name, e, err := create[operator.Experiment](r, "startedAt", "endedAt", "why")
	if err != nil {
		return nil, err
	}
	e.Traffic, e.StartedAt = cmp.Or(e.Traffic, 100), time.Now().UTC().Truncate(time.Millisecond)
	if e.Split == operator.SplitWeights {
		e.Split = "" // as a state has it that an older gateway wrote
	}
	for i, a := range e.Arms {
		p, err := s.provider(a.Provider)
		if err != nil {
			return nil, err
		}
		if err := s.checkArm("/arms/"+strconv.Itoa(i), a, p); err != nil {
			return nil, err
		}
		e.Arms[i].Weight, e.Arms[i].Model = cmp.Or(a.Weight, 1), p.Model
	}
	return s.change(r, "experiment.create", name, func(state *policy.State) error {
		if name, _, running := state.Experiment(); running {
			return fault.New(fault.ExperimentRunning).With("name", name)
		}
		if _, used := state.Experiments[name]; used {
			return fault.New(fault.ExperimentExists).With("name", name)
		}
		if len(state.Experiments) >= policy.MaxExperiments {
			delete(state.Experiments, oldest(state.Experiments))
		}
		state.Experiments[name] = e
		return nil
	})
}

// oldest is the name of the one that began first.
func oldest(all map[string]operator.Experiment) (name string) {
	for n, e := range all {
		if name == "" || e.StartedAt.Before(all[name].StartedAt) {
			name = n
		}
	}
	return name
}

// checkArm refuses an arm that can make no picture, or has options that a
// person could not choose.
func (s *Server) checkArm(at string, a operator.Arm, p routing.Provider) error {
	vendors := slices.ContainsFunc(s.deps.Providers, func(p routing.Provider) bool { return p.Kind != "mock" })
	f := fault.New(fault.PolicyInvalid)
	if vendors && p.Kind == "mock" {
		return f.At(at+"/provider", fault.FieldMock, "the mock only stands in for real models and is not compared with them")
	}
	if a.Model != "" && a.Model != p.Model {
		return f.At(at+"/model", fault.FieldOtherModel, fmt.Sprintf("%s is configured with the model %q; another one needs a provider of its own", a.Provider, p.Model))
	}
	if s.deps.Policy.State().Disabled(a.Provider) {
		return f.At(at+"/provider", fault.FieldDisabled, a.Provider+" is switched off")
	}
	return checkNumbers(at, a, s.deps.Policy.Catalog().Options)
}

func checkNumbers(at string, a operator.Arm, o catalog.Options) error {
	f := fault.New(fault.PolicyInvalid)
	if a.Aspect != "" && !slices.Contains(o.Aspect, a.Aspect) {
		f = f.At(at+"/aspect", fault.FieldOutOfRange, fmt.Sprintf("must be one of %v", o.Aspect))
	}
	if a.Resolution != "" && !slices.Contains(o.Resolution, a.Resolution) {
		f = f.At(at+"/resolution", fault.FieldOutOfRange, fmt.Sprintf("must be one of %v", o.Resolution))
	}
	if a.Steps != 0 && (a.Steps < o.Steps[0] || a.Steps > o.Steps[1]) {
		f = f.At(at+"/steps", fault.FieldOutOfRange, fmt.Sprintf("must be %d…%d", o.Steps[0], o.Steps[1]))
	}
	if a.CFG != 0 && (a.CFG < o.CFG[0] || a.CFG > o.CFG[1]) {
		f = f.At(at+"/cfg", fault.FieldOutOfRange, fmt.Sprintf("must be %g…%g", o.CFG[0], o.CFG[1]))
	}
	if len(f.Violations) > 0 {
		return f
	}
	return nil
}

func (s *Server) stopExperiment(r *http.Request) (any, error) {
	name := r.PathValue("name")
	return s.change(r, "experiment.stop", name, func(state *policy.State) error {
		e, known := state.Experiments[name]
		switch {
		case !known:
			return fault.New(fault.ExperimentNotFound)
		case !e.Running():
			return fault.New(fault.ExperimentNotRunning).With("name", name)
		}
		e.Stop(spoken(r, operator.HeaderReason), time.Now())
		state.Experiments[name] = e
		return nil
	})
}
