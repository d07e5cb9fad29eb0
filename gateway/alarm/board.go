package alarm

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
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
	QueueGrows      Name = "queue_grows"      // those who wait longest wait longer and longer
	NoProvider      Name = "no_provider"      // none gives any: all are off, failing, or without a worker

	EngineUnavailable Name = Name(fault.EngineUnavailable) // it does not answer, or a stream takes no writes
	StoreUnavailable  Name = "store_unavailable"           // objects cannot be written or read

	WorkersLost   Name = "workers_lost"   // none takes anything; what is accepted waits
	RegionLost    Name = "region_lost"    // a region that had workers, or is configured, has none
	WorkerVersion Name = "worker_version" // workers of another release
	ClockSkew     Name = "clock_skew"     // a worker whose clock is wrong, or ours is

	IntakePaused    Name = Name(fault.IntakePaused) // an operator lets nothing in
	NoLeader        Name = "no_leader"              // no gateway dispatches
	EngineDegraded  Name = "engine_degraded"        // a node of its cluster is away
	DiskLow         Name = "disk_low"               // of data.dir
	CertificateEnds Name = "certificate_ends"       // soon, or it has

	ObjectiveMissed Name = "objective_missed" // people do not get what the section objectives promises

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

	mu     sync.Mutex
	stand  map[key]Alarm
	before map[key]Alarm // stood when this gateway ended last
	until  time.Time     // for so long one that comes again is the same
	news   chan struct{} // something began or ended
	path   string        // where those that stand are kept; "" for nowhere
}

type key struct {
	name    Name
	subject string
}

// New makes a board on which nothing stands.
func New(log *slog.Logger) *Board {
	return &Board{log: log, stand: make(map[key]Alarm), news: make(chan struct{}, 1)}
}

// Raise lets an alarm stand until Clear. Raised again it takes the new message
// and keeps its Since; it is logged again only when its severity changes.
func (b *Board) Raise(name Name, subject string, severity Severity, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{name, subject}
	old, stands := b.stand[k]
	now := Alarm{Name: name, Subject: subject, Severity: severity, Message: message, Since: old.Since}
	if !stands {
		now.Since = b.onset(k)
		tick.Wake(b.news)
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
		tick.Wake(b.news)
		b.log.Info("alarm cleared", "alarm", string(name), "subject", subject, "stood_for", time.Since(old.Since))
	}
}

// Stand raises the alarms of one name that were found, and clears its others.
func (b *Board) Stand(name Name, found []Alarm) {
	for _, a := range found {
		b.Raise(name, a.Subject, a.Severity, a.Message)
	}
	for _, a := range b.Standing() {
		if a.Name == name && !slices.ContainsFunc(found, func(f Alarm) bool { return f.Subject == a.Subject }) {
			b.Clear(name, a.Subject)
		}
	}
}

// Stands reports whether an alarm of this name stands.
func (b *Board) Stands(name Name) bool {
	return slices.ContainsFunc(b.Standing(), func(a Alarm) bool { return a.Name == name })
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
