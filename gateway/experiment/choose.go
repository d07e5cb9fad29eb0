package experiment

import (
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Choose gives a session its arm of the running experiment; tag is nil when
// it takes part in none. Every gateway gives the same answer.
func Choose(state *policy.State, session task.SessionID) (arm policy.Arm, tag *task.Arm) {
	name, e, running := state.Experiment()
	if !running {
		return arm, nil
	}
	book := e.Book(name)
	if point(book, "", session)*100 >= float64(e.Traffic) {
		return arm, nil
	}
	shares := make([]Share, len(e.Arms))
	for i, a := range e.Arms {
		shares[i] = Share{Arm: a.Name, Weight: float64(a.Weight)}
	}
	chosen := Assign(book, session, shares)
	for _, a := range e.Arms {
		if a.Name == chosen {
			return a, &task.Arm{Experiment: name, Name: a.Name, Provider: a.Provider, Book: book}
		}
	}
	return arm, nil
}
