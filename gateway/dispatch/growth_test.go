package dispatch

import (
	"testing"
	"time"
)

func TestAQueueThatGrowsOldIsTold(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		oldest func(at time.Duration) time.Time // when the oldest was accepted
		told   map[time.Duration]bool
	}{
		"nobody waits":      {func(time.Duration) time.Time { return time.Time{} }, map[time.Duration]bool{time.Minute: false}},
		"it is not served":  {func(time.Duration) time.Time { return start }, map[time.Duration]bool{29 * time.Second: false, 31 * time.Second: true, 2 * time.Minute: true}},
		"it is served":      {func(at time.Duration) time.Time { return start.Add(at - 40*time.Second) }, map[time.Duration]bool{time.Minute: false, 2 * time.Minute: false}},
		"too slowly":        {func(at time.Duration) time.Time { return start.Add(at / 3) }, map[time.Duration]bool{30 * time.Second: false, time.Minute: true, 3 * time.Minute: true}},
		"a moment":          {func(at time.Duration) time.Time { return start.Add(at - min(at, 20*time.Second)) }, map[time.Duration]bool{30 * time.Second: false, time.Minute: false}},
		"it is served anew": {func(at time.Duration) time.Time { return start.Add(max(0, at-time.Minute)) }, map[time.Duration]bool{time.Minute: true, 3 * time.Minute: false}},
	} {
		var g growth
		for at := time.Duration(0); at <= 3*time.Minute; at += 250 * time.Millisecond {
			got := g.alarm(c.oldest(at), start.Add(at), 7)
			if want, asked := c.told[at]; asked && (len(got) > 0) != want {
				t.Errorf("%s, after %v: %+v", name, at, got)
			}
		}
		if len(g.seen) > 32 {
			t.Errorf("%s: %d are remembered", name, len(g.seen))
		}
	}
}
