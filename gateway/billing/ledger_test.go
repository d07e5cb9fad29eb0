package billing

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// opened is the store of a gateway with an engine of its own.
func opened(t *testing.T) *Store {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s, err := Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// begun is a ledger that writes until the test ends.
func begun(t *testing.T, s *Store) (*Ledger, *Accounts) {
	t.Helper()
	a := NewAccounts()
	l := s.Ledger(a, slog.New(slog.DiscardHandler))
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return l, a
}

// call is one that a task paid for.
func call(at time.Time, provider string, s operator.Sums) Expenses {
	e := make(Expenses)
	e.Add(at, provider, "east", "m", s)
	return e
}

// stands is the ledger on the disk.
func stands(t *testing.T, s *Store) engine.Page[totals] {
	t.Helper()
	p, err := engine.ReadPage[totals](t.Context(), s.bucket, ledgerKey)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func post(t *testing.T, l *Ledger, id task.ID, campaign string, e Expenses) {
	t.Helper()
	if err := l.Post(t.Context(), id, campaign, e); err != nil {
		t.Fatal(err)
	}
}

func TestATaskIsBookedOnce(t *testing.T) {
	t.Parallel()
	s, now := opened(t), time.Now()
	one, accounts := begun(t, s)
	paid := func() int64 { return stands(t, s).Sums.Days[shanghai.Day(now)]["a"][origin{"east", "m"}].ChargedFen }
	e := call(now, "a", operator.Sums{Attempts: 1, ChargedFen: 20})
	post(t, one, "t", "", e)
	post(t, one, "t", "", e)
	next, _ := begun(t, s) // the ledger of the next term
	post(t, next, "t", "", e)
	if !accounts.Booked("t") || accounts.Booked("u") || accounts.Spending(now).TotalFen != 20 {
		t.Errorf("the accounts know of %+v", accounts.Spending(now))
	}
	next.Close("t")
	post(t, next, "u", "", e)
	if p := stands(t, s); paid() != 40 || len(p.Open) != 1 {
		t.Errorf("%d fen, open %v", paid(), p.Open)
	}
	next.Count(e) // what is free is not told apart
	next.Count(e)
	post(t, next, "u", "", e)
	if paid() != 80 {
		t.Errorf("%d fen with what nobody waits for", paid())
	}
}

func TestADamagedLedgerIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	s := opened(t)
	if _, err := s.bucket.Put(t.Context(), ledgerKey, []byte("{"), 0, 0); err != nil {
		t.Fatal(err)
	}
	l := s.Ledger(NewAccounts(), slog.New(slog.DiscardHandler))
	if err := l.Load(t.Context()); err == nil {
		t.Error("it is loaded")
	}
	if costs, err := s.Costs(t.Context(), 1, noon()); err == nil {
		t.Errorf("it is reported: %+v", costs)
	}
}

// The ledger of the release before has no models, and that release reads ours
// while both are in use: neither loses a fen.
func TestALedgerWithoutModelsIsReadOn(t *testing.T) {
	t.Parallel()
	now := noon()
	day := shanghai.Day(now)
	p, err := engine.ParsePage[totals]([]byte(`{"days":{"` + day + `":{"a":{"east":{"attempts":2,"ok":2,"chargedFen":40},"":{"attempts":1,"unknown":1,"unknownFen":20}}}},"open":{"t":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	p.Sums.add(totals{Days: call(now, "a", operator.Sums{Attempts: 1, OK: 1, ChargedFen: 20})})
	data, err := sonic.Marshal(p.Sums)
	if err != nil {
		t.Fatal(err)
	}
	again, err := engine.ParsePage[totals](data)
	if err != nil {
		t.Fatal(err)
	}
	want := []operator.Cost{
		{Day: "2026-03-01", Provider: "a", Sums: operator.Sums{Attempts: 1, Unknown: 1, UnknownFen: 20}},
		{Day: "2026-03-01", Provider: "a", Region: "east", Sums: operator.Sums{Attempts: 2, OK: 2, ChargedFen: 40}},
		{Day: "2026-03-01", Provider: "a", Model: "m", Region: "east", Sums: operator.Sums{Attempts: 1, OK: 1, ChargedFen: 20}},
	}
	if got := again.Sums.Days.lines(day); !slices.Equal(got, want) || p.Open["t"] != 1 {
		t.Errorf("read %+v, want %+v", got, want)
	}
	var before struct {
		Days map[string]map[string]map[string]operator.Sums `json:"days"`
	}
	if err := sonic.Unmarshal(data, &before); err != nil {
		t.Fatal(err)
	}
	fen := int64(0)
	for _, s := range before.Days[day]["a"] {
		fen += s.SpentFen()
	}
	if fen != 80 {
		t.Errorf("the release before counts %d fen in %s", fen, data)
	}
}

func TestTheLedgerKeepsACampaignForItsDays(t *testing.T) {
	t.Parallel()
	now := noon()
	d := Expenses{shanghai.Day(now): {"a": {origin{}: {OK: 1, ChargedFen: 20}}, "b": {origin{}: {Unknown: 1, UnknownFen: 30}}}}
	var sums totals
	sums.add(spentFor("expo", d))
	sums.add(spentFor("", d))
	if got := sums.Campaigns[shanghai.Day(now)]; !maps.Equal(got, map[string]int64{"expo": 50}) {
		t.Errorf("campaigns = %v", got)
	}
	s := opened(t)
	if err := s.archive(t.Context(), &sums, now.Add(2*24*time.Hour)); err != nil || len(sums.Days) != 1 || len(sums.Campaigns) != 1 {
		t.Errorf("after two days %+v, %v", sums, err)
	}
	if err := s.archive(t.Context(), &sums, now.Add(3*24*time.Hour)); err != nil || len(sums.Days) != 0 || len(sums.Campaigns) != 0 {
		t.Errorf("never forgets: %+v, %v", sums, err)
	}
}

func TestPastDaysAreKeptBesideTheLedger(t *testing.T) {
	t.Parallel()
	s, now := opened(t), time.Now()
	long := now.AddDate(0, 0, -5)
	old, err := sonic.Marshal(totals{Days: Expenses{shanghai.Day(long): {"a": {{region: "east", model: "m"}: {Attempts: 3, ChargedFen: 60}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.bucket.Put(t.Context(), ledgerKey, old, 0, 0); err != nil {
		t.Fatal(err)
	}
	l, _ := begun(t, s)
	post(t, l, "t", "", call(now, "a", operator.Sums{Attempts: 1, OK: 1, ChargedFen: 20}))
	if p := stands(t, s); len(p.Sums.Days) != 1 {
		t.Errorf("the ledger has the days %v", p.Sums.Days)
	}
	costs, err := s.Costs(t.Context(), 7, now)
	if err != nil || len(costs) != 2 || costs[0].ChargedFen != 20 || costs[1].ChargedFen != 60 || costs[1].Model != "m" || costs[1].Day != long.In(shanghai.Zone()).Format(time.DateOnly) {
		t.Errorf("costs = %+v, %v", costs, err)
	}
	if costs, err = s.Costs(t.Context(), 2, now); err != nil || len(costs) != 1 {
		t.Errorf("costs of two days = %+v, %v", costs, err)
	}
}

func TestPayingTwiceHasABudgetOfItsDay(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for i, want := range []bool{true, true, false} { // 20 fen each of 50
		if got, err := s.AllowDoublePay(t.Context(), 20, 50, noon()); err != nil || got != want {
			t.Errorf("payment %d: allowed %v, %v", i+1, got, err)
		}
	}
	if got, err := s.AllowDoublePay(t.Context(), 20, 50, shanghai.NextMidnight(noon())); err != nil || !got {
		t.Errorf("the next day: allowed %v, %v", got, err)
	}
}
