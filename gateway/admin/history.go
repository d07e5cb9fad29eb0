package admin

import (
	"net/http"
	"strconv"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) history(r *http.Request) (any, error) {
	limit, err := number(r, "limit", 50, 1, 1000)
	if err != nil {
		return nil, err
	}
	changes, err := s.deps.Policy.History(r.Context(), limit)
	if err != nil {
		return nil, err
	}
	return operator.List[operator.Change]{Data: changes}, nil
}

func (s *Server) undo(r *http.Request) (any, error) {
	v, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return nil, fault.New(fault.ChangeNotFound).With("version", r.PathValue("version"))
	}
	e, err := edit(r, "undo", strconv.Itoa(v))
	if err != nil {
		return nil, err
	}
	c, err := s.deps.Policy.Undo(r.Context(), v, e)
	if err != nil {
		return nil, err
	}
	return changed(c, e), nil
}
