package dispatch

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Status is what operators see of dispatch on one gateway.
type Status struct {
	Leader   bool           `json:"leader"`
	Waiting  int            `json:"waiting"`
	Running  int            `json:"running"`
	InFlight map[string]int `json:"inFlight"` // calls by provider
	Load     *queue.Load    `json:"load,omitempty"`

	Known
}

// Known is what the leader knows, and tells the other gateways.
type Known struct {
	Providers map[string]ProviderStatus `json:"providers,omitempty"`
	SpentFen  int64                     `json:"spentFen,omitempty"`  // today by all, with what is set aside
	Campaigns map[string]int64          `json:"campaigns,omitempty"` // and for each campaign
	Alarms    []Alarm                   `json:"alarms,omitempty"`

	// Hold is why no task is given to a provider: the code of what is wrong
	// with the store.
	Hold fault.Code `json:"hold,omitempty"`
}

// ProviderStatus is what the leading dispatcher knows of a provider.
type ProviderStatus struct {
	InFlight   int               `json:"inFlight"`
	Breakers   map[string]string `json:"breakers,omitempty"` // by region; those that are closed are left out
	Window     int               `json:"window,omitempty"`   // calls at once that it bears, while it limits our rate
	P50Seconds float64           `json:"p50Seconds,omitempty"`
	P95Seconds float64           `json:"p95Seconds,omitempty"`
	Calls      int64             `json:"calls,omitempty"`    // of the last day
	Success    *float64          `json:"success,omitempty"`  // share of the last calls; nil before the first
	Good       int64             `json:"good,omitempty"`     // calls of this term that gave a picture
	Bad        int64             `json:"bad,omitempty"`      // and those that say that the provider does not work
	SpentFen   int64             `json:"spentFen,omitempty"` // today, with what is set aside

	Remaining *int64 `json:"remaining,omitempty"` // calls that it still takes, as it said of late

	Until   map[string]time.Time      `json:"until,omitempty"`   // by region of an open breaker: when it is asked again
	Why     map[string]health.Refusal `json:"why,omitempty"`     // by region: the answer that opened the breaker
	Rests   *time.Time                `json:"rests,omitempty"`   // until when it asked to be left alone
	Refusal *health.Refusal           `json:"refusal,omitempty"` // its last call that gave no picture
	Failing bool                      `json:"failing,omitempty"` // it fails everybody
	Tasks   int                       `json:"tasks,omitempty"`   // that failed since its last picture
	Photos  int                       `json:"photos,omitempty"`  // of these
}

// broadcast is what the leader tells all gateways, so that any of them can
// answer an operator.
type broadcast struct {
	Known

	At      time.Time `json:"at"`
	Waiting int       `json:"waiting,omitempty"` // tasks that are accepted and not begun
	Oldest  time.Time `json:"oldest,omitzero"`   // of these, when the first was accepted
}

// spending is what was spent today.
func (b *broadcast) spending() billing.Spending {
	s := billing.Spending{TotalFen: b.SpentFen, Providers: make(map[string]int64, len(b.Providers)), Campaigns: b.Campaigns}
	for name, p := range b.Providers {
		s.Providers[name] = p.SpentFen
	}
	return s
}
