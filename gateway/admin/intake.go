package admin

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func (s *Server) intake(*http.Request) (any, error) { return s.pause(), nil }

// pause is the intake as it is now: a pause that ended by itself is over.
func (s *Server) pause() operator.Intake {
	i := s.deps.Policy.State().Intake
	if !i.PausedAt(time.Now()) {
		return operator.Intake{}
	}
	return operator.Intake{Paused: true, Reason: i.Reason, Until: i.Until}
}

func (s *Server) changeIntake(r *http.Request, want operator.Intake) (any, error) {
	if want.Until != nil && (!want.Paused || !want.Until.After(time.Now())) {
		return nil, fault.New(fault.PolicyInvalid).At("/until", fault.FieldOutOfRange, "must end a pause in the future")
	}
	action, next := "intake.resume", policy.Intake{}
	if want.Paused {
		action = "intake.pause"
		next = policy.Intake{Paused: true, Reason: spoken(r, operator.HeaderReason), Until: want.Until}
	}
	return s.change(r, action, "", func(state *policy.State) error {
		state.Intake = next
		return nil
	})
}
