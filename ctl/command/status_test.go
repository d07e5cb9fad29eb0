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
		{What: operator.AlarmBudget, Name: wholeService, SpentFen: 999, BudgetFen: 1000},
		{What: operator.AlarmBudget, Name: "seedream", SpentFen: 80, BudgetFen: 100},
		{What: operator.AlarmCampaign, Name: "expo", SpentFen: 100, BudgetFen: 100},
		{What: operator.AlarmAllowance, Name: "openai", Remaining: 9},
	})
	want := "budget of the whole service 99% spent; budget of seedream 80% spent; budget of the campaign expo 100% spent; openai takes 9 more calls"
	if got != want {
		t.Errorf("said %q,\nwant %q", got, want)
	}
}
