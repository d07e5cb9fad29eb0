package billing

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// noon is a moment far from midnight.
func noon() time.Time { return time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) }

func TestAReservationIsSettledOrReleased(t *testing.T) {
	t.Parallel()
	a := NewAccounts()
	one, two := a.Reserve("a", "expo", 20, noon()), a.Reserve("a", "", 20, noon())
	if s := a.Spending(noon()); s.TotalFen != 40 || s.Providers["a"] != 40 || s.Campaigns["expo"] != 20 {
		t.Errorf("reserved %+v", s)
	}
	one = a.Settle(one, 35) // more than was planned
	if s := a.Spending(noon()); s.TotalFen != 55 || s.Campaigns["expo"] != 35 {
		t.Errorf("settled %+v", s)
	}
	a.Release(two, a.Settle(one, 0), Reservation{})
	if s := a.Spending(noon()); s.TotalFen != 0 || s.Providers["a"] != 0 || len(s.Campaigns) != 0 || len(a.reserved) != 0 {
		t.Errorf("left are %+v, reserved %v", s, a.reserved)
	}
}

func TestMidnightInChinaBeginsANewBudget(t *testing.T) {
	t.Parallel()
	midnight := shanghai.NextMidnight(noon())
	state, step := &policy.State{Budgets: map[string]int64{"a": 20}}, priced(20)[0]
	a := NewAccounts()
	r := a.Reserve("a", "", 20, midnight.Add(-time.Millisecond))
	if a.Allows(state, step, "", midnight.Add(-time.Millisecond)) {
		t.Error("a second call fits before midnight")
	}
	if !a.Allows(state, step, "", midnight) {
		t.Error("the new day's budget pays for nothing")
	}
	r = a.Settle(r, 15) // after midnight: it belongs to the day on which it began
	if before, after := a.Spending(midnight.Add(-1)), a.Spending(midnight); before.TotalFen != 15 || after.TotalFen != 0 {
		t.Errorf("spent %d before and %d after midnight", before.TotalFen, after.TotalFen)
	}
	a.Release(r)
}

func TestAccountsAddUpTheLedgerAndWhatIsReserved(t *testing.T) {
	t.Parallel()
	a := NewAccounts()
	r := a.Reserve("a", "expo", 20, noon())
	e := make(Expenses)
	e.Add(noon(), "a", "east", "m", operator.Sums{OK: 1, ChargedFen: 20})
	e.Add(noon(), "b", "", "", operator.Sums{Unknown: 1, UnknownFen: 30})
	a.show(engine.Page[totals]{Sums: spentFor("expo", e), Open: map[string]int64{"t": 1}})
	if s := a.Spending(noon()); s.TotalFen != 70 || s.Providers["a"] != 40 || s.Providers["b"] != 30 || s.Campaigns["expo"] != 70 || !a.Booked("t") || a.Booked("u") {
		t.Errorf("spent %+v", s)
	}
	a.Release(r)
	if s := a.Spending(noon()); s.TotalFen != 50 || s.Campaigns["expo"] != 50 {
		t.Errorf("without the reservation %+v", s)
	}
}
