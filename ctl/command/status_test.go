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
	if len(rows) != 2 || !slices.Equal(rows[0], []string{"workers_lost", "critical", "1m00s", "no worker was heard for 12s"}) || rows[1][2] != "<1m" || rows[1][3] != "budget of seedream 80% spent" {
		t.Errorf("the rows are %q", rows)
	}
}

func TestAnObjectiveStandsBesideWhatWasMeasured(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]operator.Objective{
		"at least 99.5 %; is 99.12 % of 1000 tasks over the last 60 minutes: missed": {Name: "success", Objective: 0.995, Measured: new(0.991234), Missed: true, Of: 1000},
		"at least 99.5 %; no tasks over the last 60 minutes":                         {Name: "success", Objective: 0.995},
		"at most 20s; is 8.5s of 40 pictures over the last 60 minutes":               {Name: "p95", Objective: 20, Measured: new(8.5), Of: 40},
		"at most 0.5 %; is 0.1 % of 2000 answers over the last 60 minutes":           {Name: "errors", Objective: 0.005, Measured: new(0.001), Of: 2000},
	} {
		if got := objectiveText(o, time.Hour); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
