package command

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestAlarmsAreSaidInWords(t *testing.T) {
	t.Parallel()
	if got := alarmsText(nil); got != "none" {
		t.Errorf("of nothing: %q", got)
	}
	got := alarmsText([]operator.Alarm{
		{Name: operator.AlarmBudget, Subject: "seedream", Severity: operator.AlarmWarning, Message: "budget of seedream 80% spent"},
		{Name: "workers_lost", Severity: operator.AlarmCritical, Message: "no worker was heard for 12s"},
	})
	if want := "budget of seedream 80% spent; critical: no worker was heard for 12s"; got != want {
		t.Errorf("said %q,\nwant %q", got, want)
	}
}
