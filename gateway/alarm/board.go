package alarm

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Name says what an alarm is about. Operators, dashboards and robots know
// alarms by it.
type Name string

// The alarms. A subject tells those of one name apart.
const (
	Budget    Name = "budget"    // of a provider or the whole service, nearly spent
	Campaign  Name = "campaign"  // the budget of one that is open, nearly spent
	Allowance Name = "allowance" // a vendor soon takes no more calls

	ProviderFailing Name = "provider_failing" // one gives no pictures, or few
	NoProvider      Name = "no_provider"      // none gives any: all are off, failing, or without a worker

	EngineUnavailable Name = Name(fault.EngineUnavailable) // it does not answer, or a stream takes no writes
	StoreUnavailable  Name = "store_unavailable"           // objects cannot be written or read
	WorkersLost       Name = "workers_lost"                // there were some; what is accepted waits

	EngineDiffers Name = "engine_differs" // the configuration asks for what shared state is not: a stream, or a key that gateways share
)

// Severity says how soon somebody should look.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"  // nothing fails yet
	Critical Severity = "critical" // people notice
)

// Alarm is one that stands.
type Alarm struct {
	Name     Name
	Subject  string // of several with this name; "" for the only one
	Severity Severity
	Message  string
	Since    time.Time
}

// Board holds the alarms of one gateway.
type Board struct {
	log *slog.Logger

	mu    sync.Mutex
	stand map[key]Alarm
}

type key struct {
	name    Name
	subject string
}

// New makes a board on which nothing stands.
func New(log *slog.Logger) *Board { return &Board{log: log, stand: make(map[key]Alarm)} }

// Raise lets an alarm stand until Clear. Raised again it takes the new message
// and keeps its Since; it is logged again only when its severity changes.
func (b *Board) Raise(name Name, subject string, severity Severity, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{name, subject}
	old, stands := b.stand[k]
	now := Alarm{Name: name, Subject: subject, Severity: severity, Message: message, Since: old.Since}
	if !stands {
		now.Since = time.Now()
	}
	b.stand[k] = now
	if old.Severity != severity {
		b.log.Warn("alarm raised", "alarm", string(name), "subject", subject, "severity", string(severity), "message", message)
	}
}

// Clear ends an alarm. Clearing one that does not stand does nothing.
func (b *Board) Clear(name Name, subject string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{name, subject}
	if old, stands := b.stand[k]; stands {
		delete(b.stand, k)
		b.log.Info("alarm cleared", "alarm", string(name), "subject", subject, "stood_for", time.Since(old.Since))
	}
}

// Standing are the alarms that stand, by name and subject.
func (b *Board) Standing() []Alarm {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Alarm, 0, len(b.stand))
	for _, a := range b.stand {
		all = append(all, a)
	}
	slices.SortFunc(all, func(x, y Alarm) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Subject, y.Subject)) })
	return all
}

// Differs raises EngineDiffers about what is not as configured, or clears it
// when how is "".
func (b *Board) Differs(what, how string) {
	if how == "" {
		b.Clear(EngineDiffers, what)
		return
	}
	b.Raise(EngineDiffers, what, Warning, how)
}
