package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/shrink"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
)

const (
	picturePairs = 20
	wasmPairs    = 6 // each takes seconds
	photoModule  = "github.com/davidbyttow/govips/v2@v2.16.0"
	jpegPhoto    = "jpg-orientation-6.jpg" // a Samsung SM-G950F
	heicPhoto    = "heic-24bit-exif.heic"  // an iPhone 7, in Display P3
	tinyPhoto    = "jpg-24bit.jpg"
	vipsPackage  = "libvips-tools"
	picturesHead = "a photo of 12 MP to 2048 px, one core"
)

// contest is one photo that both shrink.
type contest struct {
	name, path string
	heif       sandbox.HEIF
	pairs      int
	goal       report.Goal
	convert    bool // it has a profile, which libvips is told to use
}

// pictures measures a worker's way of a photo beside vipsthumbnail, in turns,
// on one core: by processor time, which says the same on a busy machine.
func (b *bench) pictures(ctx context.Context) error {
	if why := haveVips(ctx); why != "" {
		b.out.Remark("pictures were not measured: %s", why)
		return nil
	}
	contests, tiny, err := b.contests(ctx)
	if err != nil {
		return err
	}
	start, err := b.vipsStart(ctx, tiny)
	if err != nil {
		return err
	}
	for _, c := range contests {
		if err := b.quiet(ctx); err != nil {
			return err
		}
		if err := b.contest(ctx, c, start); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// haveVips installs what it may, and says what is missing.
func haveVips(ctx context.Context) string {
	if _, err := exec.LookPath("taskset"); err != nil {
		return "taskset is missing (package util-linux)"
	}
	if _, err := exec.LookPath("vipsthumbnail"); err == nil {
		return ""
	}
	if os.Getuid() != 0 {
		return "vipsthumbnail is missing: apt-get install " + vipsPackage
	}
	install := exec.CommandContext(ctx, "apt-get", "install", "-y", "-qq", "--no-install-recommends", vipsPackage)
	if install.Run() != nil {
		_ = exec.CommandContext(ctx, "apt-get", "update", "-qq").Run()
		install = exec.CommandContext(ctx, "apt-get", "install", "-y", "-qq", "--no-install-recommends", vipsPackage)
		if err := install.Run(); err != nil {
			return fmt.Sprintf("apt-get install %s: %v", vipsPackage, err)
		}
	}
	return ""
}

// contests finds the photos of phones and makes a PNG and a WebP of one.
func (b *bench) contests(ctx context.Context) (all []contest, tiny string, err error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", photoModule).Output()
	var module struct{ Dir string }
	if err = errors.Join(err, json.Unmarshal(out, &module)); err != nil {
		return nil, "", fmt.Errorf("photos of phones: %w", err)
	}
	photo := func(name string) string { return filepath.Join(module.Dir, "resources", name) }
	png, webp := filepath.Join(b.dir, "photo.png"), filepath.Join(b.dir, "photo.webp")
	for _, args := range [][]string{{"pngsave", photo(jpegPhoto), png}, {"webpsave", photo(jpegPhoto), webp, "--Q", "85"}} {
		if out, err := exec.CommandContext(ctx, "vips", args...).CombinedOutput(); err != nil {
			return nil, "", fmt.Errorf("vips %s: %w: %s", args[0], err, out)
		}
	}
	all = []contest{
		{name: "JPEG", path: photo(jpegPhoto), heif: sandbox.WASM, pairs: picturePairs, goal: report.AtMost(1.25)},
		{name: "PNG", path: png, heif: sandbox.WASM, pairs: picturePairs},
		{name: "WebP", path: webp, heif: sandbox.WASM, pairs: picturePairs},
		{name: "HEIC, WebAssembly", path: photo(heicPhoto), heif: sandbox.WASM, pairs: wasmPairs, convert: true},
	}
	native := contest{name: "HEIC, native", path: photo(heicPhoto), heif: sandbox.Native, pairs: picturePairs, goal: report.AtMost(1.15), convert: true}
	if _, err := sandbox.Choose(ctx, b.self, sandbox.Native); err != nil {
		b.out.Remark("native HEIC was not measured: %v", err)
	} else {
		all = append(all, native)
	}
	return all, photo(tinyPhoto), nil
}

// contest runs the pairs, each of the two first in every second one.
func (b *bench) contest(ctx context.Context, c contest, start float64) error {
	ours, err := shrink.Start(ctx, b.self, string(c.heif), core(), b.stderr)
	if err != nil {
		return err
	}
	defer ours.Close()
	for range 3 { // warm, as a worker is
		if _, err := ours.Shrink(c.path); err != nil {
			return err
		}
	}
	var cpu, elapsed, theirCPU, theirElapsed, ratios []float64
	var last shrink.Answer
	for i := range c.pairs {
		us := func() (err error) {
			last, err = ours.Shrink(c.path)
			return err
		}
		var v vipsRun
		them := func() (err error) {
			v, err = b.vips(ctx, c.path, c.convert)
			return err
		}
		first, second := us, them
		if i%2 == 1 {
			first, second = them, us
		}
		if err := errors.Join(first(), second()); err != nil {
			return err
		}
		cpu, elapsed = append(cpu, ms(last.CPU)), append(elapsed, ms(last.Elapsed))
		theirCPU, theirElapsed = append(theirCPU, ms(v.cpu)), append(theirElapsed, ms(v.elapsed))
		ratios = append(ratios, ms(last.CPU)/ms(v.cpu))
	}
	add := func(name, unit string, rounds []float64, note string) {
		b.out.Add(report.Row{Group: picturesHead, Name: c.name + name, Unit: unit, Rounds: rounds, Note: note})
	}
	add("", "ms of a processor", cpu, "")
	add(", elapsed", "ms", elapsed, "")
	add(", vipsthumbnail", "ms of a processor", theirCPU, fmt.Sprintf("of which %.0f are the start of its process", start))
	add(", vipsthumbnail, elapsed", "ms", theirElapsed, "")
	b.out.Add(report.Row{Group: picturesHead, Name: c.name + ", ours / vipsthumbnail", Unit: "×", Rounds: ratios, Goal: c.goal})
	b.out.Add(report.Row{Group: picturesHead, Name: c.name + ", memory of the worker and its decoder", Unit: "MB", Rounds: []float64{float64((last.Peak + last.Decoder) >> 20)}, Goal: report.AtMost(1024)})
	return nil
}

// vipsRun is what one run of vipsthumbnail cost.
type vipsRun struct{ cpu, elapsed time.Duration }

// vips asks for what a worker does: at most 2048 px, no metadata, sRGB, the
// same quality and the same chroma.
func (b *bench) vips(ctx context.Context, path string, convert bool) (vipsRun, error) {
	args := []string{"-c", core(), "vipsthumbnail", path, "--size", "2048x2048>", "-o", filepath.Join(b.dir, "vips.jpg") + "[Q=90,strip,subsample_mode=on]"}
	if convert {
		args = append(args, "--export-profile", "srgb")
	}
	cmd := exec.CommandContext(ctx, "taskset", args...)
	cmd.Env = append(cmd.Environ(), "VIPS_CONCURRENCY=1")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return vipsRun{}, fmt.Errorf("vipsthumbnail: %w: %s", err, out)
	}
	return vipsRun{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(start)}, nil
}

// vipsStart is the processor time of vipsthumbnail without any work, in
// milliseconds.
func (b *bench) vipsStart(ctx context.Context, tiny string) (float64, error) {
	least := time.Hour
	for range 5 {
		v, err := b.vips(ctx, tiny, false)
		if err != nil {
			return 0, err
		}
		least = min(least, v.cpu)
	}
	return ms(least), nil
}

// core is the one that both are held to: the last.
func core() string { return strconv.Itoa(runtime.NumCPU() - 1) }

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
