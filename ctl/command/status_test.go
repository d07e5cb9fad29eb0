package command

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestAlarmsAreSaidInWords(t *testing.T) {
	t.Parallel()
	if got := alarmsText(nil); got != "none" {
		t.Errorf("of nothing: %q", got)
	}
	now := time.Now()
	all := []operator.Alarm{
		{Name: operator.AlarmBudget, Subject: "seedream", Severity: operator.AlarmWarning, Message: "budget of seedream 80% spent", Since: now},
		{Name: "workers_lost", Severity: operator.AlarmCritical, Message: "no worker was heard for 12s", Since: now.Add(-90 * time.Second)},
	}
	if got := alarmsText(all); got != "2, 1 critical" {
		t.Errorf("said %q", got)
	}
	rows := alarmsTable(all, now).Rows
	if len(rows) != 2 || !slices.Equal(rows[0], []string{"workers_lost", "critical", "1m00s", "no worker was heard for 12s"}) || rows[1][3] != "budget of seedream 80% spent" {
		t.Errorf("the rows are %q", rows)
	}
}
