package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const (
	uploadLanes  = 16
	uploadBytes  = 12 << 20
	uploadCount  = 64 // a round
	uploadShare  = 0.9
	uploadMemory = 64 // MB of anonymous memory
)

// uploads compares the two ways in with what net/http alone takes to put the
// same bytes into files, and with tusd alone. All servers follow one rule
// about fsync, except tusd, which knows none.
func (b *bench) uploads(ctx context.Context) error {
	if err := b.uploadsAt(ctx, interval); err != nil {
		return err
	}
	return b.uploadsAt(ctx, fsync)
}

// target is one server of the comparison.
type target struct {
	name string
	pid  func() int
	dir  string // emptied after each round
	// job prepares n uploads and says how to take them away again.
	job func(ctx context.Context, n int) (load.Upload, func() error, error)

	rates []float64 // MB/s
	peaks []float64 // MB of anonymous memory
	costs []float64 // ms of processor time for each upload
	loads []float64 // the same of the clients
}

func (b *bench) uploadsAt(ctx context.Context, sync string) error {
	r, err := b.rig(ctx, rig.Options{Sync: sync, Model: copyModel, Capacity: 16})
	if err != nil {
		return err
	}
	defer r.Close()
	idle, err := settled(ctx, r)
	if err != nil {
		return err
	}
	all := []*target{ours(r, "signed PUT", putJob), ours(r, "tus", tusJob)}
	bursts, err := b.bursts(ctx, r, all)
	if err != nil {
		return err
	}
	sinks := []load.Sink{{Sync: sync == fsync}}
	if sync != fsync {
		sinks = append(sinks, load.Sink{Tusd: true})
	}
	var stops []func()
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	for _, s := range sinks {
		t, stop, err := b.sink(ctx, s)
		if err != nil {
			return err
		}
		stops = append(stops, stop)
		all = append(all, t)
	}
	if err := b.uploadRounds(ctx, r, all); err != nil {
		return err
	}
	b.reportUploads(sync, idle, bursts, all)
	return b.profile(ctx, r, "uploads-"+sync, func() error {
		for range int(b.config.Profile.Seconds()) + 1 {
			if _, _, err := b.send(ctx, all[1], uploadCount); err != nil {
				return err
			}
		}
		return nil
	})
}

// bursts is the most memory that a gateway which has done nothing else takes
// for as many uploads as come at once. In rounds the garbage of sessions,
// records and their removal adds to that.
func (b *bench) bursts(ctx context.Context, r *rig.Rig, all []*target) (peaks []float64, err error) {
	for _, t := range all {
		if _, err := restarted(ctx, r); err != nil {
			return nil, err
		}
		_, peak, err := b.send(ctx, t, uploadLanes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		peaks = append(peaks, mega(peak))
	}
	return peaks, nil
}

// uploadRounds alternates, beginning with another one each time: who comes
// first finds a cleaner disk.
func (b *bench) uploadRounds(ctx context.Context, r *rig.Rig, all []*target) error {
	for _, t := range all {
		if _, _, err := b.send(ctx, t, uploadCount); err != nil { // to warm up
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	for n := range 2*b.config.Rounds + 1 {
		for i := range all {
			t := all[(i+n)%len(all)]
			if err := b.uploadRound(ctx, r, t); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

func (b *bench) uploadRound(ctx context.Context, r *rig.Rig, t *target) error {
	var used, clients float64
	var peak int64
	res, err := b.undisturbed(ctx, r, func() (res load.Result, err error) {
		before, err := rig.Process(t.pid())
		if err != nil {
			return res, err
		}
		if res, peak, err = b.send(ctx, t, uploadCount); err != nil {
			return res, err
		}
		after, err := rig.Process(t.pid())
		used, clients = after-before, res.CPU
		if t.pid() != r.PID() { // the rig's own is counted already
			res.CPU += used
		}
		return res, err
	})
	if err != nil {
		return err
	}
	t.rates = append(t.rates, mega(int64(res.Done)*uploadBytes)/res.Seconds)
	t.peaks = append(t.peaks, mega(peak))
	t.costs = append(t.costs, used/uploadCount*1000)
	t.loads = append(t.loads, clients/uploadCount*1000)
	return nil
}

// send sends n photos to one server and tells the most memory that it took.
func (b *bench) send(ctx context.Context, t *target, n int) (res load.Result, peak int64, err error) {
	job, tidy, err := t.job(ctx, n)
	if err != nil {
		return res, 0, err
	}
	job.Conns, job.Bytes = uploadLanes, uploadBytes
	peak, err = rig.Peak(t.pid(), func() error {
		res, err = b.load(ctx, load.Job{Upload: &job})
		return err
	})
	if err != nil {
		return res, 0, err
	}
	if res.Done != n {
		return res, 0, fmt.Errorf("%d of %d uploads were taken", res.Done, n)
	}
	return res, peak, tidy()
}

// ours makes the gateway a target.
func ours(r *rig.Rig, name string, job func(context.Context, *rig.Rig, int) (load.Upload, func() error, error)) *target {
	return &target{name: name, pid: r.PID, job: func(ctx context.Context, n int) (load.Upload, func() error, error) { return job(ctx, r, n) }}
}

// putJob asks for the signed URLs beforehand, as the sink's are known.
func putJob(ctx context.Context, r *rig.Rig, n int) (load.Upload, func() error, error) {
	s, err := owned(ctx, r)
	if err != nil {
		return load.Upload{}, nil, err
	}
	job := load.Upload{Addr: r.Addr(), Paths: make([]string, n)}
	for i := range job.Paths {
		up, err := s.CreateUpload(ctx, client.NewUpload{ContentType: "image/jpeg", Size: uploadBytes, Consent: true})
		if err != nil {
			return job, nil, err
		}
		job.Paths[i] = up.UploadURL
	}
	return job, func() error { return forget(ctx, s) }, nil
}

func tusJob(ctx context.Context, r *rig.Rig, n int) (load.Upload, func() error, error) {
	s, err := owned(ctx, r)
	if err != nil {
		return load.Upload{}, nil, err
	}
	return load.Upload{Addr: r.Addr(), Tus: "/uploads/tus", Token: s.Token(), Count: n}, func() error { return forget(ctx, s) }, nil
}

func owned(ctx context.Context, r *rig.Rig) (*client.Session, error) {
	c, err := r.Client()
	if err != nil {
		return nil, err
	}
	return c.NewSession(ctx)
}

// forget removes the photos of a round before the disk writes them back.
func forget(ctx context.Context, s *client.Session) error {
	_, err := s.Erase(ctx)
	return err
}

// sink starts a server to compare with.
func (b *bench) sink(ctx context.Context, s load.Sink) (t *target, stop func(), err error) {
	if s.Dir, err = os.MkdirTemp(b.dir, "sink-"); err != nil {
		return nil, nil, err
	}
	p, err := load.Start(ctx, b.self, load.Job{Sink: &s}, b.stderr)
	if err != nil {
		return nil, nil, err
	}
	t = &target{name: "bare net/http", pid: p.PID, dir: s.Dir}
	t.job = func(_ context.Context, n int) (load.Upload, func() error, error) {
		job := load.Upload{Addr: p.Addr(), Paths: make([]string, n)}
		for i := range job.Paths {
			job.Paths[i] = "/" + strconv.Itoa(i)
		}
		return job, t.empty, nil
	}
	if s.Tusd {
		t.name = "tusd alone"
		t.job = func(_ context.Context, n int) (load.Upload, func() error, error) {
			return load.Upload{Addr: p.Addr(), Tus: "/files/", Count: n}, t.empty, nil
		}
	}
	return t, p.Close, nil
}

func (t *target) empty() error {
	all, err := filepath.Glob(filepath.Join(t.dir, "*"))
	for _, path := range all {
		if err == nil {
			err = os.Remove(path)
		}
	}
	return err
}

func (b *bench) reportUploads(sync string, idle int64, bursts []float64, all []*target) {
	group := fmt.Sprintf("uploads, %d × %d MB at once, sync %s", uploadLanes, uploadBytes>>20, sync)
	add := func(row report.Row) {
		row.Group = group
		b.out.Add(row)
	}
	for _, t := range all {
		add(report.Row{Name: t.name, Unit: "MB/s", Rounds: t.rates})
	}
	for _, t := range all[:2] {
		for i, other := range all[2:] {
			goal := report.AtLeast(uploadShare)
			if i > 0 {
				goal = report.AtLeast(1)
			}
			add(report.Row{Name: t.name + " ÷ " + other.name, Unit: "×", Rounds: ratios(t.rates, other.rates), Goal: goal})
			add(report.Row{Name: "the same by processor time", Unit: "×", Rounds: byCost(t, other),
				Note: "server and clients together: what processors alone would allow, and less moved by other programs than a rate"})
		}
	}
	for _, t := range all {
		add(report.Row{Name: t.name + ", processor time", Unit: "ms each", Rounds: t.costs})
	}
	add(report.Row{Name: "idle gateway", Unit: anonymousMB, Rounds: []float64{mega(idle)}})
	for i, t := range all[:2] {
		add(report.Row{Name: t.name + ", peak of the first burst", Unit: anonymousMB, Rounds: bursts[i : i+1], Goal: report.AtMost(uploadMemory)})
	}
	for i, t := range all {
		row := report.Row{Name: t.name + ", peak over rounds", Unit: anonymousMB, Rounds: t.peaks}
		if i < 2 {
			row.Goal = report.AtMost(uploadMemory)
		}
		add(row)
	}
}

// ratios compares round by round.
func ratios(of, to []float64) (all []float64) {
	for i := range of {
		all = append(all, of[i]/to[i])
	}
	return all
}

func byCost(t, other *target) (all []float64) {
	for i := range t.costs {
		all = append(all, (other.costs[i]+other.loads[i])/(t.costs[i]+t.loads[i]))
	}
	return all
}
