package admin

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestAlarmsAboutMoneyAreSaidInWords(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		alarm dispatch.Alarm
		want  operator.Alarm
	}{
		{
			dispatch.Alarm{What: alarm.Budget, Name: policy.WholeService, Since: since, SpentFen: 999, BudgetFen: 1000},
			operator.Alarm{Name: "budget", Subject: "*", Severity: "warning", Message: "budget of the whole service 99% spent", Since: since, SpentFen: 999, BudgetFen: 1000},
		},
		{
			dispatch.Alarm{What: alarm.Budget, Name: "seedream", Since: since, SpentFen: 80, BudgetFen: 100},
			operator.Alarm{Name: "budget", Subject: "seedream", Severity: "warning", Message: "budget of seedream 80% spent", Since: since, SpentFen: 80, BudgetFen: 100},
		},
		{
			dispatch.Alarm{What: alarm.Campaign, Name: "expo", Since: since, SpentFen: 100, BudgetFen: 100},
			operator.Alarm{Name: "campaign", Subject: "expo", Severity: "critical", Message: "budget of the campaign expo 100% spent", Since: since, SpentFen: 100, BudgetFen: 100},
		},
		{
			dispatch.Alarm{What: alarm.Allowance, Name: "openai", Since: since, Remaining: 9},
			operator.Alarm{Name: "allowance", Subject: "openai", Severity: "warning", Message: "openai takes 9 more calls", Since: since, Remaining: 9},
		},
	} {
		if got := money(c.alarm); got != c.want {
			t.Errorf("%+v became %+v,\nwant %+v", c.alarm, got, c.want)
		}
	}
}
