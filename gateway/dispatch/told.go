package dispatch

import (
	"context"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
)

const (
	toldEvery = time.Second
	toldStale = 5 * time.Second
)

// ProviderStatus is what the leading dispatcher knows of a provider.
type ProviderStatus struct {
	InFlight   int               `json:"inFlight"`
	Breakers   map[string]string `json:"breakers,omitempty"` // by region; those that are closed are left out
	Window     int               `json:"window,omitempty"`   // calls at once that it bears, while it limits our rate
	P50Seconds float64           `json:"p50Seconds,omitempty"`
	P95Seconds float64           `json:"p95Seconds,omitempty"`
	Success    *float64          `json:"success,omitempty"`  // share of the last calls; nil before the first
	Good       int64             `json:"good,omitempty"`     // calls of this term that gave a picture
	Bad        int64             `json:"bad,omitempty"`      // and those that say that the provider does not work
	SpentFen   int64             `json:"spentFen,omitempty"` // today, with what is set aside

	Remaining *int64 `json:"remaining,omitempty"` // calls that it still takes, as it said of late
}

// told is what the leader tells the other gateways.
type told struct {
	At        time.Time                 `json:"at"`
	Providers map[string]ProviderStatus `json:"providers"`
	SpentFen  int64                     `json:"spentFen,omitempty"`  // by the whole service today, with what is set aside
	Campaigns map[string]int64          `json:"campaigns,omitempty"` // and for each campaign
	Alarms    []Alarm                   `json:"alarms,omitempty"`
	Waiting   int                       `json:"waiting,omitempty"` // tasks that are accepted and not begun
}

// listen keeps what the leader tells, so that any gateway can answer an
// operator.
func (d *Dispatcher) listen() (stop func(), err error) {
	return d.Queue.Hear(func(data []byte) {
		t := new(told)
		if sonic.Unmarshal(data, t) == nil {
			d.told.Store(t)
		}
	})
}

// tellAll tells the gateways how the providers do, until ctx ends.
func (l *lead) tellAll(ctx context.Context) {
	tick := time.NewTicker(toldEvery)
	defer tick.Stop()
	for {
		l.mu.Lock()
		t := l.tells(time.Now())
		begun := len(l.held) - l.waiting.Len()
		l.mu.Unlock()
		t.Waiting = max(0, l.backlog(ctx)-begun)
		if data, err := sonic.Marshal(l.alarm(t)); err == nil {
			_ = l.Queue.Announce(data) // the next one replaces it
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// backlog is how many jobs are not given up. Nobody is said to wait when the
// engine does not answer at once: that must not hold up the rest.
func (l *lead) backlog(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, toldEvery)
	defer cancel()
	n, _ := l.Queue.Backlog(ctx)
	return int(n)
}

// tells is what there is to tell. The caller holds the lock.
func (l *lead) tells(now time.Time) told {
	spending := l.accounts.Spending(now)
	return told{At: now, Providers: l.providers(now, spending.Providers), SpentFen: spending.TotalFen, Campaigns: spending.Campaigns}
}

// providers sums up the term, with the fen spent today. The caller holds the lock.
func (l *lead) providers(now time.Time, spent map[string]int64) map[string]ProviderStatus {
	out := make(map[string]ProviderStatus)
	for _, p := range l.Router.Config().Providers {
		h := l.health.Summary(p.Name, now)
		s := ProviderStatus{
			InFlight: l.slots.providers[p.Name], SpentFen: spent[p.Name], P50Seconds: h.P50, P95Seconds: h.P95,
			Window: h.Window, Good: int64(h.Good), Bad: int64(h.Bad), Success: h.Success, Remaining: h.Remaining,
		}
		out[p.Name] = s
	}
	l.metrics.breakers.Reset()
	for k, state := range l.health.Breakers(now) {
		l.metrics.breakers.WithLabelValues(k.Provider, k.Region, state).Set(1)
		s, configured := out[k.Provider]
		if !configured || state == health.Closed {
			continue
		}
		if s.Breakers == nil {
			s.Breakers = make(map[string]string)
		}
		s.Breakers[k.Region] = state
		out[k.Provider] = s
	}
	for name, s := range out {
		l.metrics.window.WithLabelValues(name).Set(float64(s.Window))
		l.metrics.spent.WithLabelValues(name).Set(float64(s.SpentFen))
	}
	return out
}
