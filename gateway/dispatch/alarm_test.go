package dispatch

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// lines collects a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

func TestAlarmsAreRaisedAtTheirThresholds(t *testing.T) {
	t.Parallel()
	few, enough := int64(9), int64(10)
	now := time.Now()
	news := broadcast{At: now, Known: Known{SpentFen: 100, Campaigns: map[string]int64{"expo": 90, "over": 90}, Providers: map[string]ProviderStatus{
		"a": {SpentFen: 80, Remaining: &few}, "b": {SpentFen: 20, Remaining: &enough}, "c": {},
	}}}
	state := &policy.State{
		Budgets: map[string]int64{"a": 100, "b": 26, "c": 0, "gone": 5, policy.WholeService: 125},
		Campaigns: map[string]policy.Campaign{
			"expo": {From: now.Add(-time.Hour), To: now.Add(time.Hour), DailyBudgetFen: 100}, "free": {From: now.Add(-time.Hour), To: now.Add(time.Hour)},
			"over": {From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour), DailyBudgetFen: 100},
		},
	}
	for name, c := range map[string]struct {
		rules Alarming
		want  []Alarm
	}{
		"the defaults": {defaultAlarming(), []Alarm{
			{What: alarm.Budget, Name: policy.WholeService, SpentFen: 100, BudgetFen: 125},
			{What: alarm.Budget, Name: "a", SpentFen: 80, BudgetFen: 100},
			{What: alarm.Campaign, Name: "expo", SpentFen: 90, BudgetFen: 100},
			{What: alarm.Allowance, Name: "a", Remaining: 9},
		}},
		"off":         {Alarming{}, nil},
		"when all is": {Alarming{BudgetShare: 1}, nil},
	} {
		if got := c.rules.alarms(news, state); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if err := (Alarming{BudgetShare: 1.1, Allowance: -1}).validate(); err == nil || strings.Count(err.Error(), "dispatch.") != 2 {
		t.Errorf("faults: %v", err)
	}
}

func TestAnAlarmIsLoggedOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := make(loggedAlarms)
	budget, other, low := Alarm{What: alarm.Budget, Name: "a", BudgetFen: 100}, Alarm{What: alarm.Budget, Name: "a", BudgetFen: 200}, Alarm{What: alarm.Allowance, Name: "a"}
	for i, c := range []struct {
		alarm Alarm
		at    time.Duration
		fresh bool
	}{
		{budget, 0, true}, {budget, time.Second, false}, {other, time.Second, true}, {other, 2 * time.Second, false}, {other, 24 * time.Hour, true},
		{low, 0, true}, {low, allowanceQuiet - 1, false}, {low, allowanceQuiet, true},
	} {
		if got := s.fresh(c.alarm, now.Add(c.at)); got != c.fresh {
			t.Errorf("%d: fresh is %v", i, got)
		}
	}
}

func TestEveryGatewayKnowsWhatIsAlarming(t *testing.T) {
	t.Parallel()
	log := new(lines)
	w := budgeted(t, map[string]int64{"a": 25}, func(w *world) { w.log = slog.New(slog.NewTextHandler(log, nil)) })
	leader := w.start()
	leader.leads()
	standby := w.start()
	j := w.accept()
	c := w.next()
	o, left := picture(), int64(3)
	o.Remaining = &left
	c.outcome(o)
	w.finished(j)
	want := []Alarm{{What: alarm.Budget, Name: "a", SpentFen: 20, BudgetFen: 25}, {What: alarm.Allowance, Name: "a", Remaining: 3}}
	for range 2 {
		eventually(t, "both know", func() bool {
			return slices.Equal(timeless(leader), want) && slices.Equal(timeless(standby), want) && standby.Status().SpentFen == 20
		})
		standby.last.Store(nil) // and when it is told again
	}
	if n, m := log.count("budget nearly spent"), log.count("allowance of a vendor is low"); n != 1 || m != 1 {
		t.Errorf("logged %d and %d times:\n%s", n, m, log.buf.String())
	}
	w.policy.Store(&policy.State{Budgets: map[string]int64{"a": 1000}})
	eventually(t, "a larger budget ends it", func() bool { return slices.Equal(timeless(standby), want[1:]) })
	since := standby.Status().Alarms[0].Since
	if since.IsZero() || !since.Equal(leader.Status().Alarms[0].Since) {
		t.Errorf("stands since %v here, since %v at the leader", since, leader.Status().Alarms[0].Since)
	}
}

// timeless are the alarms that a gateway knows, without their beginning.
func timeless(d *running) []Alarm {
	all := slices.Clone(d.Status().Alarms)
	for i := range all {
		all[i].Since = time.Time{}
	}
	return all
}

func TestAnAlarmKeepsItsBeginning(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var o onset
	first, other := []Alarm{{What: alarm.Budget, Name: "a", SpentFen: 80}}, []Alarm{{What: alarm.Budget, Name: "b"}, {What: alarm.Budget, Name: "a", SpentFen: 90}}
	o.stamp(first, now)
	o.stamp(other, now.Add(time.Minute))
	if !first[0].Since.Equal(now) || !other[1].Since.Equal(now) || !other[0].Since.Equal(now.Add(time.Minute)) {
		t.Errorf("first %v, then %v, from %v on", first, other, now)
	}
	o.stamp(nil, now.Add(time.Hour))
	o.stamp(first, now.Add(2*time.Hour))
	if !first[0].Since.Equal(now.Add(2 * time.Hour)) {
		t.Errorf("one that came again stands since %v", first[0].Since)
	}
	var heir onset
	heir.hear(other)
	heir.stamp(first, now.Add(3*time.Hour))
	if !first[0].Since.Equal(now) {
		t.Errorf("the next leader says since %v", first[0].Since)
	}
}

func TestARefusalForTheRateTellsTheAllowanceToo(t *testing.T) {
	t.Parallel()
	w := budgeted(t, nil)
	d := w.start()
	j := w.accept()
	c := w.next()
	o, none := picture(), int64(0)
	o.Result, o.Class, o.Remaining = task.Rejected, task.ClassRate, &none
	c.outcome(o)
	w.next().ok()
	w.finished(j)
	if got := d.Status().Providers[c.req.Provider].Remaining; got == nil || *got != 0 {
		t.Errorf("remaining %v", got)
	}
}
