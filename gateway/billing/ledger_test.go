package billing

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/engine"
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
	l := s.Ledger(a)
	if err := l.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); l.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return l, a
}

// call is one that a task paid for.
func call(at time.Time, provider string, s Sums) Expenses {
	e := make(Expenses)
	e.Add(at, provider, "east", "m", s)
	return e
}

func TestATaskIsBookedOnce(t *testing.T) {
	t.Parallel()
	now := noon()
	d := Expenses{shanghai.Day(now): {"a": {origin{}: {Attempts: 1, ChargedFen: 20}}}}
	b, err := readBook(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.apply([]posting{{id: "t", expenses: d}, {id: "t", expenses: d}}, nil, now)
	b.apply([]posting{{id: "t", expenses: d}}, []task.ID{"t"}, now)
	if got := b.Days[shanghai.Day(now)]["a"][origin{}]; got.ChargedFen != 20 || len(b.Open) != 0 {
		t.Errorf("%+v, open %v", got, b.Open)
	}
	b.apply([]posting{{id: "u", expenses: d}, {expenses: d}, {expenses: d}}, nil, now) // what is free is not told apart
	if got := b.Days[shanghai.Day(now)]["a"][origin{}]; got.ChargedFen != 80 || len(b.Open) != 1 {
		t.Errorf("%+v, open %v", got, b.Open)
	}
	b.apply(nil, nil, now.Add(4*24*time.Hour))
	if len(b.Days) != 0 || len(b.Open) != 0 {
		t.Errorf("never forgets: %+v", b)
	}
	if _, err := readBook([]byte("{")); err == nil {
		t.Error("a damaged ledger begins anew")
	}
}

// The ledger of the release before has no models, and that release reads ours
// while both are in use: neither loses a fen.
func TestALedgerWithoutModelsIsReadOn(t *testing.T) {
	t.Parallel()
	now := noon()
	day := shanghai.Day(now)
	b, err := readBook([]byte(`{"days":{"` + day + `":{"a":{"east":{"attempts":2,"ok":2,"chargedFen":40},"":{"attempts":1,"unknown":1,"unknownFen":20}}}},"open":{"t":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	b.apply([]posting{{id: "u", expenses: call(now, "a", Sums{Attempts: 1, OK: 1, ChargedFen: 20})}}, nil, now)
	data, err := sonic.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := readBook(data)
	if err != nil {
		t.Fatal(err)
	}
	want := []Cost{
		{Day: day, Provider: "a", Sums: Sums{Attempts: 1, Unknown: 1, UnknownFen: 20}},
		{Day: day, Provider: "a", Region: "east", Sums: Sums{Attempts: 2, OK: 2, ChargedFen: 40}},
		{Day: day, Provider: "a", Model: "m", Region: "east", Sums: Sums{Attempts: 1, OK: 1, ChargedFen: 20}},
	}
	if got := again.Days.lines(day); !slices.Equal(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	var before struct {
		Days map[string]map[string]map[string]Sums `json:"days"`
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
	b, err := readBook(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := Expenses{shanghai.Day(now): {"a": {origin{}: {OK: 1, ChargedFen: 20}}, "b": {origin{}: {Unknown: 1, UnknownFen: 30}}}}
	b.apply([]posting{{id: "t", expenses: d, campaign: "expo"}, {id: "t", expenses: d, campaign: "expo"}, {id: "u", expenses: d}}, nil, now)
	if got := b.Campaigns[shanghai.Day(now)]; !maps.Equal(got, map[string]int64{"expo": 50}) {
		t.Errorf("campaigns = %v", got)
	}
	b.apply(nil, nil, now.Add(4*24*time.Hour))
	if len(b.Campaigns) != 0 {
		t.Errorf("never forgets: %v", b.Campaigns)
	}
}

func TestPastDaysAreKeptBesideTheLedger(t *testing.T) {
	t.Parallel()
	s, now := opened(t), time.Now()
	long := now.AddDate(0, 0, -5)
	old, err := sonic.Marshal(book{Days: Expenses{shanghai.Day(long): {"a": {{region: "east", model: "m"}: {Attempts: 3, ChargedFen: 60}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.bucket.Put(t.Context(), ledgerKey, old, 0, 0); err != nil {
		t.Fatal(err)
	}
	l, _ := begun(t, s)
	if err := l.Post(t.Context(), "t", "", call(now, "a", Sums{Attempts: 1, OK: 1, ChargedFen: 20})); err != nil {
		t.Fatal(err)
	}
	if b, err := s.read(t.Context()); err != nil || len(b.Days) != 1 {
		t.Errorf("the ledger has the days %v, %v", b.Days, err)
	}
	costs, err := s.Costs(t.Context(), 7, now)
	if err != nil || len(costs) != 2 || costs[0].ChargedFen != 20 || costs[1].ChargedFen != 60 || costs[1].Model != "m" || costs[1].Day != shanghai.Day(long) {
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
