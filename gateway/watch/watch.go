package watch

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	lookEvery  = 500 * time.Millisecond
	filesEvery = time.Minute // certificates are read again
)

// Disk is how much room a file system has.
type Disk struct{ Free, Total int64 }

// Deps are what is looked at.
type Deps struct {
	Alarms   *alarm.Board
	Workers  func() []fleet.Member
	Heard    func() bool // whether a worker reaches this gateway, also while the engine is away
	Policy   func() *policy.State
	Engine   func() string        // what the engine lacks, "" for nothing
	Led      func() bool          // whether some gateway dispatches
	Disk     func() (Disk, error) // of data.dir
	MinFree  int64                // below it the store of this disk takes nothing; 0 for another store
	Certs    []Cert
	Regions  []string // that the configuration names
	Version  string   // of this gateway
	Embedded bool     // the engine is on the same disk
}

// Watch looks and raises.
type Watch struct {
	deps    Deps
	began   time.Time
	regions map[string]time.Time // when a worker of it was last there
	led     time.Time            // when some gateway last led
	certs   []alarm.Alarm
	read    time.Time // when certs were
}

// New makes a watch. Regions that were missed before a restart are missed
// again.
func New(d Deps) *Watch {
	w := &Watch{deps: d, regions: make(map[string]time.Time)}
	for _, a := range d.Alarms.Before() {
		if a.Name == alarm.RegionLost {
			w.regions[a.Subject] = a.Since
		}
	}
	return w
}

// Run looks until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, lookEvery) {
		w.look(time.Now())
	}
	return context.Cause(ctx)
}

// look is one round of all rules.
func (w *Watch) look(now time.Time) {
	if w.began.IsZero() {
		w.began, w.led = now, now
	}
	d, workers, state := w.deps, w.deps.Workers(), w.deps.Policy()
	w.note(workers, now)
	d.Alarms.Stand(alarm.WorkersLost, w.workersLost(workers, state, now))
	d.Alarms.Stand(alarm.RegionLost, w.regionsLost(workers, now))
	d.Alarms.Stand(alarm.WorkerVersion, versions(workers, d.Version))
	d.Alarms.Stand(alarm.ClockSkew, skews(workers))
	d.Alarms.Stand(alarm.IntakePaused, paused(state.Intake, now))
	d.Alarms.Stand(alarm.EngineDegraded, degraded(d.Engine()))
	d.Alarms.Stand(alarm.NoLeader, w.noLeader(now))
	disk, err := d.Disk()
	if err == nil {
		d.Alarms.Stand(alarm.DiskLow, low(disk, d))
	}
	if now.Sub(w.read) >= filesEvery {
		w.certs, w.read = ending(d.Certs, now), now
	}
	d.Alarms.Stand(alarm.CertificateEnds, w.certs)
}
