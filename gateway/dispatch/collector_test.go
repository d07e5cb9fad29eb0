package dispatch

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// gauges reads the series of a gauge, by their last labels.
func (r *running) gauges(name string) map[string]float64 {
	r.w.t.Helper()
	families, err := r.metrics.Gather()
	if err != nil {
		r.w.t.Fatal(err)
	}
	out := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != "imgfleet_dispatch_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			last := ""
			for _, l := range m.GetLabel() {
				last = l.GetValue()
			}
			out[last] = m.GetGauge().GetValue()
		}
	}
	return out
}

// Operators read the status while the metrics are scraped.
func TestNoScrapeMissesAStandingAlarm(t *testing.T) {
	t.Parallel()
	const vendors, scrapes = 50, 100
	w := newWorld(t, routed(func(c *routing.Config) {
		for i := range vendors {
			c.Providers = append(c.Providers, provider(fmt.Sprint("low-", i)))
		}
	}))
	d := w.start()
	l, one := d.leads(), int64(1)
	l.look(func(b *board) {
		for _, p := range w.routes.Providers[1:] {
			b.health.Report(health.Call{Lane: health.Lane{Provider: p.Name}}, workerrpc.Outcome{Result: task.OK, Remaining: &one}, time.Now())
		}
	})
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					d.Status()
				}
			}
		})
	}
	missed := 0
	for range scrapes {
		if len(d.gauges("alarm_info")) != vendors {
			missed++
		}
	}
	close(done)
	readers.Wait()
	if missed > 0 {
		t.Errorf("%d of %d scrapes missed an alarm", missed, scrapes)
	}
}

func TestNothingIsShownOfATermThatHasEnded(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 25})
	d := w.start()
	d.leads()
	j := w.accept()
	w.next().ok()
	w.finished(j)
	names := []string{"alarm_info", "budget_today_fen", "spent_today_fen", "breaker_info", "rate_window_calls"}
	for _, name := range names {
		if len(d.gauges(name)) == 0 {
			t.Errorf("the leader does not show %s", name)
		}
	}
	if n := d.gauges("capacity_tasks")[""]; n == 0 {
		t.Errorf("capacity %v", n)
	}
	d.stop()
	for _, name := range names {
		if got := d.gauges(name); len(got) != 0 {
			t.Errorf("%s of the ended term: %v", name, got)
		}
	}
	if n := d.gauges("capacity_tasks"); n[""] != 0 || len(n) != 1 {
		t.Errorf("capacity %v", n)
	}
}
