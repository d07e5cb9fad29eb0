package operator

import "fmt"

// What may follow a call that may have been billed.
const (
	UnknownWait = "wait" // for its picture until the call's own timeout, then the task fails
	UnknownNext = "next" // the next provider, within what may be paid twice on a day
	UnknownFail = "fail" // the task fails at once, and the person may try again
)

// Fallback says how tasks go on when a provider fails or is slow.
type Fallback struct {
	Mock               bool    `json:"mock"`               // the mock may stand in when no real model is left
	Unknown            string  `json:"unknown"`            // what follows a call that may have been billed
	HedgeBudget        float64 `json:"hedgeBudget"`        // share of attempts that may be second calls beside a slow one
	DoublePayFenPerDay int64   `json:"doublePayFenPerDay"` // what may be paid twice on a day with next
}

// FallbackOverride is what operators have set of it; nil leaves a field as it
// is configured.
type FallbackOverride struct {
	Mock               *bool    `json:"mock,omitempty"`
	Unknown            *string  `json:"unknown,omitempty"`
	HedgeBudget        *float64 `json:"hedgeBudget,omitempty"`
	DoublePayFenPerDay *int64   `json:"doublePayFenPerDay,omitempty"`
}

// FallbackState is what applies, and where it comes from.
type FallbackState struct {
	Fallback

	Version    int              `json:"version"` // of the operator state
	Configured Fallback         `json:"configured"`
	Set        FallbackOverride `json:"set"`
	Warnings   []string         `json:"warnings,omitempty"` // what does not have the effect that it seems to have
}

// FallbackReset names fields to take back to the configured values; none
// means all.
type FallbackReset struct {
	Fields []string `json:"fields,omitempty"`
}

// FallbackFields are the fields of Fallback, by their names in JSON.
func FallbackFields() []string {
	return []string{"mock", "unknown", "hedgeBudget", "doublePayFenPerDay"}
}

// Over is what applies: the configured values, with those that were set on top.
func (o FallbackOverride) Over(f Fallback) Fallback {
	lay(&f.Mock, o.Mock)
	lay(&f.Unknown, o.Unknown)
	lay(&f.HedgeBudget, o.HedgeBudget)
	lay(&f.DoublePayFenPerDay, o.DoublePayFenPerDay)
	return f
}

func lay[T any](onto *T, set *T) {
	if set != nil {
		*onto = *set
	}
}

// Warnings name what is allowed and has no effect all the same. mock says
// whether a mock is among the providers.
func (f Fallback) Warnings(mock bool) (said []string) {
	if f.Mock && !mock {
		said = append(said, "the mock may stand in, but no provider of the kind mock is configured in `providers`, so nothing stands in")
	}
	switch {
	case f.Unknown == UnknownNext && f.DoublePayFenPerDay == 0:
		said = append(said, "unknown is next, but doublePayFenPerDay is 0, so no call that costs money is followed by another")
	case f.Unknown != UnknownNext && f.DoublePayFenPerDay > 0:
		said = append(said, fmt.Sprintf("doublePayFenPerDay is %d, but unknown is %s, so nothing is paid twice", f.DoublePayFenPerDay, f.Unknown))
	}
	return said
}
