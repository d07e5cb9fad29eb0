package billing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/shanghai"
)

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
type payments map[string]map[origin]operator.Sums

// Expenses are payments by day.
type Expenses map[string]payments

// Add adds the sums of calls that began at a moment.
func (e Expenses) Add(at time.Time, provider, region, model string, s operator.Sums) {
	e.add(shanghai.Day(at), provider, origin{region, model}, s)
}

func (e Expenses) add(day, provider string, o origin, s operator.Sums) {
	if e[day] == nil {
		e[day] = make(payments)
	}
	if e[day][provider] == nil {
		e[day][provider] = make(map[origin]operator.Sums)
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

// each walks the sums, in no particular order. Their days are yyyymmdd.
func (e Expenses) each() func(yield func(operator.Cost) bool) {
	return func(yield func(operator.Cost) bool) {
		for day, providers := range e {
			for provider, origins := range providers {
				for o, s := range origins {
					if !yield(operator.Cost{Day: day, Provider: provider, Model: o.model, Region: o.region, Sums: s}) {
						return
					}
				}
			}
		}
	}
}

// lines lists the days from one on, the newest first.
func (e Expenses) lines(from string) []operator.Cost {
	out := []operator.Cost{}
	for c := range e.each() {
		if c.Day >= from {
			c.FenPerPicture = c.PerPicture()
			c.Day = c.Day[:4] + "-" + c.Day[4:6] + "-" + c.Day[6:]
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b operator.Cost) int {
		return cmp.Or(strings.Compare(b.Day, a.Day), strings.Compare(a.Provider, b.Provider),
			strings.Compare(a.Model, b.Model), strings.Compare(a.Region, b.Region))
	})
	return out
}
