package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

// Sums are what the calls to one model of a provider from one region came to
// on a day.
type Sums struct {
	Attempts    int64 `json:"attempts"`
	OK          int64 `json:"ok"`
	Failed      int64 `json:"failed"`  // and not billed
	Unknown     int64 `json:"unknown"` // may have been billed
	Hedges      int64 `json:"hedges"`
	ChargedFen  int64 `json:"chargedFen"`
	UnknownFen  int64 `json:"unknownFen"`
	ReturnedFen int64 `json:"returnedFen"` // reserved and not spent
}

// SpentFen is what was billed or may have been.
func (s Sums) SpentFen() int64 { return s.ChargedFen + s.UnknownFen }

// Add adds other sums.
func (s *Sums) Add(o Sums) {
	s.Attempts += o.Attempts
	s.OK += o.OK
	s.Failed += o.Failed
	s.Unknown += o.Unknown
	s.Hedges += o.Hedges
	s.ChargedFen += o.ChargedFen
	s.UnknownFen += o.UnknownFen
	s.ReturnedFen += o.ReturnedFen
}

// origin is the region that a call came from and the model that was to draw.
// Both are written as one key. A ledger from before models were noted has the
// region alone. The release before reads our key as a region, so it counts
// all money while releases are mixed.
type origin struct{ region, model string }

const originMark = "\n" // between region and model

// MarshalText implements encoding.TextMarshaler.
func (o origin) MarshalText() ([]byte, error) {
	if o.model == "" {
		return []byte(o.region), nil
	}
	return []byte(o.region + originMark + o.model), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *origin) UnmarshalText(text []byte) error {
	o.region, o.model, _ = strings.Cut(string(text), originMark)
	return nil
}

// payments are the sums of a day by provider and origin.
type payments map[string]map[origin]Sums

// Expenses are payments by day.
type Expenses map[string]payments

// Add adds the sums of calls that began at a moment.
func (e Expenses) Add(at time.Time, provider, region, model string, s Sums) {
	e.add(shanghai.Day(at), provider, origin{region, model}, s)
}

func (e Expenses) add(day, provider string, o origin, s Sums) {
	if e[day] == nil {
		e[day] = make(payments)
	}
	if e[day][provider] == nil {
		e[day][provider] = make(map[origin]Sums)
	}
	sums := e[day][provider][o]
	sums.Add(s)
	e[day][provider][o] = sums
}

func (e Expenses) merge(more Expenses) {
	for c := range more.each() {
		e.add(c.Day, c.Provider, origin{c.Region, c.Model}, c.Sums)
	}
}

// each walks the sums, in no particular order.
func (e Expenses) each() func(yield func(Cost) bool) {
	return func(yield func(Cost) bool) {
		for day, providers := range e {
			for provider, origins := range providers {
				for o, s := range origins {
					if !yield(Cost{Day: day, Provider: provider, Model: o.model, Region: o.region, Sums: s}) {
						return
					}
				}
			}
		}
	}
}

// Cost is a line of the report.
type Cost struct {
	Day      string `json:"day"` // yyyymmdd, in Shanghai
	Provider string `json:"provider"`
	Model    string `json:"model,omitempty"` // "" where none was noted
	Region   string `json:"region,omitempty"`
	Sums
}

// lines lists the days from one on, the newest first.
func (e Expenses) lines(from string) []Cost {
	out := []Cost{}
	for c := range e.each() {
		if c.Day >= from {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Cost) int {
		return cmp.Or(strings.Compare(b.Day, a.Day), strings.Compare(a.Provider, b.Provider),
			strings.Compare(a.Model, b.Model), strings.Compare(a.Region, b.Region))
	})
	return out
}
