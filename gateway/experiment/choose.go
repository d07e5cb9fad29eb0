package experiment

import (
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Choose gives a session its arm of the running experiment. divide says how
// the sessions are shared out among the arms. The tag is nil when the session
// takes part in no experiment.
func Choose(state *policy.State, session task.SessionID, divide func(book string, e policy.Experiment) []Share) (arm policy.Arm, tag *task.Arm) {
	name, e, running := state.Experiment()
	if !running {
		return arm, nil
	}
	book := e.Book(name)
	if point(book, "", session)*100 >= float64(e.Traffic) {
		return arm, nil
	}
	chosen := Assign(book, session, divide(book, e))
	for _, a := range e.Arms {
		if a.Name == chosen {
			return a, &task.Arm{Experiment: name, Name: a.Name, Provider: a.Provider, Book: book}
		}
	}
	return arm, nil
}

// ByWeight shares the sessions out by the weights of the arms.
func ByWeight(_ string, e policy.Experiment) []Share {
	shares := make([]Share, len(e.Arms))
	for i, a := range e.Arms {
		shares[i] = Share{Arm: a.Name, Weight: float64(a.Weight)}
	}
	return shares
}
