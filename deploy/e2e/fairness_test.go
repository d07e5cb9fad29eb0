package e2e_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
)

const (
	floodTasks   = 400
	quietTasks   = 12
	mostDelay    = 2.0 // asserted; 1.2 is the aim, but test machines are shared
	aimedAtDelay = 1.2
)

// TestAFloodDelaysNobodyElse measures how much longer one session's tasks
// take while another one floods, with all limits off.
func TestAFloodDelaysNobodyElse(t *testing.T) { //nolint:paralleltest // it measures time
	d := start(t, t.TempDir(), "--config", config(t, "latency=1s&jitter=300ms&picture=copy&seed=7", nil))
	quiet, flood := newPerson(t, d, 1), newPerson(t, d, 2)
	alone := typical(t, quiet, 0)

	ctx, stop := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	for lane := range 4 {
		sending.Go(func() {
			for i := range floodTasks / 4 {
				if _, err := flood.Submit(ctx, flood.wish(int64(lane*floodTasks+i))); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
					t.Errorf("flood: %v", err)
					return
				}
			}
		})
	}
	sending.Wait()
	depth := waiting(t, flood)
	flooded := typical(t, quiet, 1000)
	left := waiting(t, flood)
	stop()
	ratio := flooded.Seconds() / alone.Seconds()
	t.Logf("mean from accept to end: %v alone, %v beside %d…%d waiting tasks of another session: ratio %.2f (aim %.1f)",
		alone.Round(time.Millisecond), flooded.Round(time.Millisecond), depth, left, ratio, aimedAtDelay)
	if left == 0 {
		t.Error("the flood had run dry before the measurement ended")
	}
	if ratio > mostDelay || math.IsNaN(ratio) {
		t.Errorf("ratio %.2f, want at most %.1f", ratio, mostDelay)
	}
}

// typical is the mean time of a few tasks, one after the other.
func typical(t *testing.T, p *person, from int64) time.Duration {
	t.Helper()
	var took time.Duration
	for i := range int64(quietTasks) {
		begun := time.Now()
		made := p.submit(t, from+i)
		if _, err := follow(t.Context(), p.Session, made.TaskID, 0, func(e client.Event) bool { return e.Terminal() }); err != nil {
			t.Fatal(err)
		}
		took += time.Since(begun)
	}
	return took / quietTasks
}

// waiting counts a person's queued tasks.
func waiting(t *testing.T, p *person) (n int) {
	t.Helper()
	for cursor := ""; ; {
		page, next, err := p.List(t.Context(), 100, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range page {
			if doc.State == "queued" {
				n++
			}
		}
		if cursor = next; cursor == "" {
			return n
		}
	}
}
