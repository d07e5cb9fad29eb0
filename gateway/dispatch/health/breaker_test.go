package health

import (
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

func rules() Breaking {
	return Breaking{Window: 10 * time.Second, Least: 4, Share: 0.5, Sudden: 0.75, Open: time.Second, Refuse: 20 * time.Second, Most: 30 * time.Second}
}

func TestABreakerOpensOnlyOnAShareOfEnoughAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said []verdict
		gap  time.Duration
		want string
	}{
		"too few answers":             {said: []verdict{failing, failing, failing}, want: Closed},
		"half of enough":              {said: []verdict{good, good, failing, failing}, want: Open},
		"less than half":              {said: []verdict{good, good, good, failing, failing}, want: Closed},
		"what is ours does not count": {said: []verdict{failing, silent, failing, silent, alive, failing}, want: Closed},
		"what is long ago is no news": {said: []verdict{failing, failing, failing, failing}, gap: 6 * time.Second, want: Closed},
		"a vendor dies in its prime":  {said: append(slices.Repeat([]verdict{good}, 20), failing, failing, failing, failing), gap: 400 * time.Millisecond, want: Open},
		"a bad moment":                {said: append(slices.Repeat([]verdict{good}, 20), failing, good, failing, good), gap: 400 * time.Millisecond, want: Closed},
		"one refused key is enough":   {said: []verdict{good, good, good, good, refused}, want: Open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, now := breaker{rules: rules()}, time.Unix(1000, 0)
			for _, v := range c.said {
				b.report(now, v, false)
				now = now.Add(c.gap)
			}
			if got := b.state(now); got != c.want {
				t.Errorf("the breaker is %s, want %s", got, c.want)
			}
		})
	}
}

func TestAnOpenBreakerProbesAndWaitsTwiceAsLongEachTime(t *testing.T) {
	t.Parallel()
	b, now := breaker{rules: rules()}, time.Unix(1000, 0)
	for range 4 {
		b.report(now, failing, false)
	}
	for _, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		pause := time.Duration(seconds) * time.Second
		b.report(now, good, false) // sent before it opened: no news
		b.report(now, failing, false)
		if b.lets(now.Add(pause-1)) || !b.lets(now.Add(pause)) {
			t.Fatalf("open until %v from now, want %v", b.until.Sub(now), pause)
		}
		now = now.Add(pause)
		b.probes++
		if b.lets(now) {
			t.Fatal("a second probe")
		}
		b.report(now, failing, true)
		b.probes--
	}
	now = b.until
	b.report(now, silent, true)
	if b.state(now) != HalfOpen {
		t.Errorf("a probe that says nothing makes it %s", b.state(now))
	}
	b.report(now, alive, true)
	if b.state(now) != Closed || !b.lets(now) {
		t.Errorf("an answer makes it %s", b.state(now))
	}
	b.report(now, refused, false)
	if b.lets(now.Add(rules().Refuse - 1)) {
		t.Error("a refused key is asked about too soon")
	}
}

func TestOnlyWhatSpeaksOfTheVendorCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		out  workerrpc.Outcome
		want verdict
	}{
		{workerrpc.Outcome{Result: task.OK}, good},
		{workerrpc.Outcome{Result: task.NotSent, Class: task.ClassNetwork}, failing},
		{workerrpc.Outcome{Result: task.Unknown, Class: task.ClassTimeout}, failing},
		{workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassTransient}, failing},
		{workerrpc.Outcome{Result: task.Rejected, Class: task.ClassAuth}, refused},
		{workerrpc.Outcome{Result: task.Rejected, Class: task.ClassQuota}, refused},
		{workerrpc.Outcome{Result: task.Rejected, Class: task.ClassContent}, alive},
		{workerrpc.Outcome{Result: task.Rejected, Class: task.ClassInput}, alive},
		{workerrpc.Outcome{Result: task.FailedUnbilled, Class: task.ClassRate}, silent},
		{workerrpc.Outcome{Result: task.Unknown, Class: task.ClassCanceled}, silent},
		{workerrpc.Outcome{Result: task.NotSent, Class: task.ClassBusy}, silent},
		{workerrpc.Outcome{Result: task.NotSent, Class: task.ClassNetwork, Code: string(fault.WorkerUnreachable)}, silent},
		{workerrpc.Outcome{Result: task.NotSent, Class: task.ClassNetwork, Code: workerrpc.PhotoUnreachable}, silent},
		{workerrpc.Outcome{Result: task.Unknown, Class: task.ClassNetwork, Code: workerrpc.StreamLost}, silent},
	} {
		if got := judge(c.out); got != c.want {
			t.Errorf("%+v says %d, want %d", c.out, got, c.want)
		}
	}
}

func TestARefusedRateHalvesTheWindowAndSuccessesWidenIt(t *testing.T) {
	t.Parallel()
	l, now := concurrency{}, time.Unix(1000, 0)
	if l.room(0) != 0 || l.room(7) != 7 {
		t.Error("limited before the first refusal")
	}
	begun := now
	now = now.Add(time.Second)
	l.refused(now, begun, 3*time.Second, 16)
	l.refused(now, begun, 0, 15) // of the same burst
	if l.room(0) != 8 || l.until.Sub(now) != 3*time.Second {
		t.Errorf("room for %d, rest %v", l.room(0), l.until.Sub(now))
	}
	l.refused(now.Add(time.Second), now, time.Hour, 8)
	if l.room(0) != 4 || l.until.Sub(now) > mostRateRest+time.Second {
		t.Errorf("room for %d, rest %v", l.room(0), l.until.Sub(now))
	}
	for range 4 {
		l.succeeded(0)
	}
	if l.room(0) != 7 {
		t.Errorf("room for %d after 4 successes, want nine tenths of what was refused", l.room(0))
	}
	for range 5 {
		l.succeeded(0)
	}
	if l.room(0) != 7 {
		t.Errorf("room for %d after 9 successes", l.room(0))
	}
	l.succeeded(0)
	l.succeeded(0)
	if l.room(0) != 8 {
		t.Errorf("room for %d after a window of successes", l.room(0))
	}
	now = now.Add(2 * time.Hour)
	l.refused(now, now, 0, 1) // the rest has emptied the window
	if l.room(0) != 4 {
		t.Errorf("room for %d, want half the window", l.room(0))
	}
	for range 50 {
		l.succeeded(9)
	}
	if l.room(9) != 9 || l.window != 0 {
		t.Errorf("room for %d in the end", l.room(9))
	}
	for range 20 {
		now = now.Add(time.Hour)
		l.refused(now, now, 0, 1)
	}
	if l.room(0) != 1 || l.until.Sub(now) != rateRest<<5 {
		t.Errorf("room for %d, rest %v, without a word from the vendor", l.room(0), l.until.Sub(now))
	}
}
