package watch

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/tlstest"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// site is a gateway's surroundings, as a test wants them.
type site struct {
	*Watch

	board   *alarm.Board
	now     time.Time
	workers []fleet.Member
	state   policy.State
	lacks   string
	led     bool
	disk    Disk
}

func newSite(change func(*Deps)) *site {
	s := &site{board: alarm.New(slog.New(slog.DiscardHandler)), now: time.Now(), led: true, disk: Disk{Free: 50 << 30, Total: 100 << 30}}
	d := Deps{
		Alarms: s.board, Workers: func() []fleet.Member { return s.workers }, Heard: func() bool { return len(s.workers) > 0 },
		Policy: func() *policy.State { return &s.state }, Engine: func() string { return s.lacks }, Led: func() bool { return s.led },
		Disk: func() (Disk, error) { return s.disk, nil }, Embedded: true, Version: "v2",
	}
	if change != nil {
		change(&d)
	}
	s.Watch = New(d)
	return s
}

func at(id, region string) fleet.Member {
	return fleet.Member{Heartbeat: workerrpc.Heartbeat{ID: id, Region: region, Version: "v2"}}
}

// after lets time pass and looks.
func (s *site) after(d time.Duration) string {
	s.now = s.now.Add(d)
	s.look(s.now)
	var all []string
	for _, a := range s.board.Standing() {
		all = append(all, strings.TrimSpace(string(a.Name)+" "+a.Subject))
	}
	return strings.Join(all, ",")
}

// says is what an alarm says.
func (s *site) says(name alarm.Name) string {
	for _, a := range s.board.Standing() {
		if a.Name == name {
			return string(a.Severity) + ": " + a.Message
		}
	}
	return ""
}

func TestWorkersThatAreMissedAreTold(t *testing.T) {
	t.Parallel()
	s := newSite(func(d *Deps) { d.Regions = []string{"west"} })
	if got := s.after(0) + s.after(firstWorker-1); got != "" {
		t.Errorf("at the start: %s", got)
	}
	if got := s.after(time.Second); got != "workers_lost" {
		t.Errorf("without a worker: %s", got)
	}
	s.workers = []fleet.Member{at("e1", "east"), at("w1", "west")}
	if got := s.after(time.Second); got != "" {
		t.Errorf("with two regions: %s", got)
	}
	s.workers = s.workers[:1]
	if got := s.after(time.Second); got != "region_lost west" {
		t.Errorf("without west: %s", got)
	}
	s.workers = []fleet.Member{at("w1", "west")}
	if got := s.after(time.Second); got != "region_lost east" {
		t.Errorf("without east: %s", got)
	}
	if got := s.after(regionKept + 1); got != "" {
		t.Errorf("a day later: %s", got)
	}
	s.state.Workers = map[string]policy.Worker{"w1": {Drain: true, Reason: "kernel"}}
	if got := s.after(time.Second); got != "workers_lost" || !strings.Contains(s.says(alarm.WorkersLost), "w1 (kernel)") {
		t.Errorf("all drained: %s, %s", got, s.says(alarm.WorkersLost))
	}
	s.workers = nil
	if got := s.after(time.Second); got != "workers_lost" {
		t.Errorf("at last: %s", got)
	}
}

func TestWorkersThatAreWrongAreTold(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	old, slow, fast := at("a", ""), at("b", ""), at("c", "")
	old.Version, slow.SkewMS, fast.SkewMS = "v1", 8000, -9000
	s.workers = []fleet.Member{old, slow, fast}
	if got := s.after(0); got != "clock_skew b,clock_skew c,worker_version v1" {
		t.Error(got)
	}
	if got := s.says(alarm.ClockSkew); !strings.Contains(got, "8s behind") {
		t.Error(got)
	}
	s.workers = []fleet.Member{at("a", "")}
	if got := s.after(time.Second); got != "" {
		t.Error(got)
	}
}

func TestWhatStopsTasksIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(nil)
	s.workers = []fleet.Member{at("a", "")}
	until := time.Now().Add(time.Hour)
	s.state.Intake = policy.Intake{Paused: true, Reason: "maintenance", Until: &until}
	s.lacks = "away: n2"
	if got := s.after(0); got != "engine_degraded,intake_paused" || !strings.Contains(s.says(alarm.IntakePaused), "maintenance") {
		t.Errorf("%s: %s", got, s.says(alarm.IntakePaused))
	}
	s.state.Intake, s.lacks, s.led = policy.Intake{}, "", false
	if got := s.after(time.Minute) + s.after(ledWithin-1); got != "no_leader"+"no_leader" {
		t.Error(got)
	}
	s.led = true
	if got := s.after(time.Second); got != "" {
		t.Error(got)
	}
}

func TestADiskThatFillsUpIsToldInTime(t *testing.T) {
	t.Parallel()
	s := newSite(func(d *Deps) { d.MinFree = 100 << 20 })
	s.workers = []fleet.Member{at("a", "")}
	for _, c := range []struct {
		free, total int64
		want        string
	}{
		{5 << 30, 100 << 30, ""},
		{3 << 30, 100 << 30, "warning: the disk of data.dir has 3072 MiB of 100 GiB left; below 100 MiB new tasks are refused"},
		{150 << 20, 100 << 30, "critical: the disk of data.dir has 150 MiB of 100 GiB left; below 100 MiB new tasks are refused"},
		{90 << 20, 100 << 30, "critical: the disk of data.dir has 90 MiB of 100 GiB left; below 100 MiB new tasks are refused"},
		{6 << 30, 100 << 30, ""},
		{2 << 30, 10 << 30, ""},
		{1 << 29, 10 << 30, "warning: the disk of data.dir has 512 MiB of 10 GiB left; below 100 MiB new tasks are refused"},
	} {
		s.disk = Disk{c.free, c.total}
		if s.after(time.Second); s.says(alarm.DiskLow) != c.want {
			t.Errorf("%+v: %q, want %q", s.disk, s.says(alarm.DiskLow), c.want)
		}
	}
}

func TestACertificateNearItsEndIsTold(t *testing.T) {
	t.Parallel()
	file := tlstest.New(t).Issue(t, "a").Cert
	certs := []Cert{{Key: "tls.cert", File: file}, {Key: "admin.tls.cert"}}
	ends, err := end(file)
	if err != nil {
		t.Fatal(err)
	}
	for left, want := range map[time.Duration]string{
		endsSoon + time.Hour: "", endsSoon - time.Hour: "warning", endsNow - time.Hour: "critical", -time.Hour: "critical",
	} {
		got := ending(certs, ends.Add(-left))
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || string(got[0].Severity) != want || got[0].Subject != "tls.cert") {
			t.Errorf("%v before its end: %+v", left, got)
		}
	}
	if got := ending([]Cert{{Key: "tls.cert", File: file + "x"}}, ends); len(got) != 1 {
		t.Errorf("a file that is gone: %+v", got)
	}
}
