package dispatch

import (
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// gauges reads a gauge by its first label; "" when it has none.
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
			out[label(m)] = m.GetGauge().GetValue()
		}
	}
	return out
}

func label(m *dto.Metric) string {
	if ls := m.GetLabel(); len(ls) > 0 {
		return ls[0].GetValue()
	}
	return ""
}

// Operators read the status while the metrics are scraped.
func TestNoScrapeMissesAStandingAlarm(t *testing.T) {
	t.Parallel()
	w := budgeted(t, map[string]int64{"a": 25})
	d := w.start()
	d.leads()
	j := w.accept()
	w.next().ok()
	w.finished(j)
	eventually(t, "the alarm stands", func() bool { return len(d.Status().Alarms) == 1 })
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					d.Status()
					d.current.Load().report()
				}
			}
		})
	}
	missed, scrapes := 0, 0
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end) || scrapes < 500; scrapes++ {
		if d.gauges("alarm_info")["budget"] != 1 || d.gauges("budget_today_fen")["a"] != 25 || d.gauges("spent_today_fen")["a"] != 20 {
			missed++
		}
	}
	close(stop)
	readers.Wait()
	if missed > 0 {
		t.Errorf("%d of %d scrapes missed the alarm", missed, scrapes)
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
