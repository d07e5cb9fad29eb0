package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
)

// The numbers that all measures share.
const (
	conns     = 64
	owners    = 256  // sessions that post; each belongs to one connection
	crowded   = 1024 // the same where each one's tasks are counted, so that none has many at once
	style     = "ink-wash"
	place     = "west-lake"
	copyModel = "picture=copy&latency=0"
	fsync     = "always"
	interval  = "1s"
)

// measure is one question and the code that answers it.
type measure struct {
	name string
	run  func(*bench, context.Context) error
}

// measures are in the order in which they are printed.
func measures() []measure {
	return []measure{
		{"accept", (*bench).accept},
		{"start", (*bench).start},
		{"endtoend", (*bench).endToEnd},
		{"streams", (*bench).streams},
		{"fairness", (*bench).fairness},
		{"uploads", (*bench).uploads},
		{"pictures", (*bench).pictures},
		{"footprint", (*bench).footprint},
	}
}

// bench is one run.
type bench struct {
	config Config
	self   string // our executable, for load processes
	dir    string // for data, on the disk of the report
	bin    programs.Programs
	seed   int64 // of the next request
	out    *report.Report
	stderr io.Writer
}

func runBench(ctx context.Context, c Config, stdout, stderr io.Writer) error {
	b := &bench{config: c, seed: 1_000_000_000, out: &report.Report{Title: "imgfleet bench", At: time.Now(), Version: version(ctx), Machine: describe()}, stderr: stderr}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	for _, m := range measures() {
		if len(c.Only) > 0 && !slices.Contains(c.Only, m.name) {
			continue
		}
		b.say("%s …", m.name)
		b.out.Begin()
		if err := m.run(b, ctx); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if err := b.out.Text(stdout); err != nil {
		return err
	}
	page, err := b.out.Save(c.Out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\n%s\n", page)
	return err
}

// prepare builds what is measured. Data goes beside the report: a temporary
// directory may be in memory, where an fsync costs nothing.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if err := os.MkdirAll(b.config.Out, 0o755); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(b.config.Out, "run-"); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if b.config.Bin != "" {
		b.bin = programs.In(b.config.Bin)
		return nil
	}
	b.say("build …")
	b.bin, err = programs.Build(ctx, b.dir, programs.Gateway, programs.Worker)
	return err
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.stderr, format+"\n", args...)
}

// rig starts a gateway with a fresh directory.
func (b *bench) rig(ctx context.Context, o rig.Options) (r *rig.Rig, err error) {
	if o.Dir, err = os.MkdirTemp(b.dir, "rig-"); err != nil {
		return nil, err
	}
	return rig.Start(ctx, b.bin, o)
}

// crowd makes sessions with small photos, for load that is not about pixels.
func (b *bench) crowd(ctx context.Context, r *rig.Rig, n int) ([]load.Owner, error) {
	photo, err := rig.Photo(96, 64)
	if err != nil {
		return nil, err
	}
	return r.Owners(ctx, n, photo)
}

// alone is a crowd whose photos are judged, with no worker left.
func (b *bench) alone(ctx context.Context, r *rig.Rig, n int) (who []load.Owner, err error) {
	if err := r.StartWorkers(ctx, 1); err != nil {
		return nil, err
	}
	if who, err = b.crowd(ctx, r, n); err != nil {
		return nil, err
	}
	return who, r.StopWorkers(ctx)
}

// post describes load on a rig. Every request of a run has its own seed.
func (b *bench) post(r *rig.Rig, who []load.Owner) load.Post {
	p := load.Post{Addr: r.Addr(), Owners: who, Conns: min(conns, len(who)), Style: style, Place: place, Seed: b.seed, Keys: true}
	b.seed += 1_000_000
	return p
}

// posted posts to a rig, undisturbed; edit says how.
func (b *bench) posted(ctx context.Context, r *rig.Rig, who []load.Owner, edit func(*load.Post)) (load.Result, error) {
	return b.undisturbed(ctx, r, func() (load.Result, error) {
		p := b.post(r, who)
		edit(&p)
		return b.load(ctx, load.Job{Post: &p})
	})
}

// load runs one load process.
func (b *bench) load(ctx context.Context, j load.Job) (load.Result, error) {
	r, err := load.Run(ctx, b.self, j, b.stderr)
	if err == nil && len(r.Refused) > 0 {
		b.out.Remark("not every answer was good: %v", r.Refused)
	}
	return r, err
}

func version(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func describe() string {
	return fmt.Sprintf("%d processors, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
