package admin

import (
	"fmt"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// standing are the alarms of this gateway, and then those of whoever
// dispatches.
func (s *Server) standing() []operator.Alarm {
	out := []operator.Alarm{}
	for _, a := range s.deps.Alarms.Standing() {
		out = append(out, operator.Alarm{
			Name: string(a.Name), Subject: a.Subject, Severity: string(a.Severity), Message: a.Message, Since: a.Since.UTC(),
		})
	}
	for _, a := range s.deps.Dispatch.Status().Alarms {
		out = append(out, money(a))
	}
	return out
}

// providerAlarms are those about one provider.
func providerAlarms(all []dispatch.Alarm, provider string) []operator.Alarm {
	out := []operator.Alarm{}
	for _, a := range all {
		if a.Name == provider && a.What != alarm.Campaign {
			out = append(out, money(a))
		}
	}
	return out
}

// money shows an alarm of dispatch, and puts one about money into words.
func money(a dispatch.Alarm) operator.Alarm {
	out := operator.Alarm{
		Name: string(a.What), Subject: a.Name, Severity: operator.AlarmWarning, Since: a.Since.UTC(),
		SpentFen: a.SpentFen, BudgetFen: a.BudgetFen, Remaining: a.Remaining,
	}
	if a.Severity != "" {
		out.Severity, out.Message = string(a.Severity), a.Message
		return out
	}
	of := a.Name
	switch {
	case a.What == alarm.Allowance:
		out.Message = fmt.Sprintf("%s takes %d more calls", a.Name, a.Remaining)
		return out
	case a.What == alarm.Campaign:
		of = "the campaign " + a.Name
	case a.Name == policy.WholeService:
		of = "the whole service"
	}
	if a.SpentFen >= a.BudgetFen {
		out.Severity = operator.AlarmCritical
	}
	out.Message = fmt.Sprintf("budget of %s %d%% spent", of, a.SpentFen*100/max(1, a.BudgetFen))
	return out
}
