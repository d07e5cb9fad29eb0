package shrink

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
)

// Flag makes the program such a process; the decoder for HEIC follows.
const Flag = "-shrink"

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// Answer tells what one photo cost, with the process that decoded it.
type Answer struct {
	Elapsed time.Duration
	CPU     time.Duration
	Peak    int64 // bytes that the process ever held
	Decoder int64 // and those of the one that decodes for it
	Err     string
}

// Serve shrinks the photos whose paths it reads, one a line, until they end.
func Serve(ctx context.Context, heif string, in io.Reader, out io.Writer) error {
	cfg := sandbox.Defaults()
	cfg.HEIF = sandbox.HEIF(heif)
	var err error
	if cfg.Program, err = os.Executable(); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	box := sandbox.New(cfg, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		box.Run(ctx)
		close(ended)
	}()
	defer func() {
		stop()
		<-ended
	}()
	pictures := picture.New(picture.Defaults(), box)
	paths, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var path string
		if err := paths.Decode(&path); err != nil {
			return nil //nolint:nilerr // the parent has no more
		}
		if err := answers.Encode(one(ctx, pictures, path)); err != nil {
			return err
		}
	}
}

// one reads a photo as vipsthumbnail must, too.
func one(ctx context.Context, pictures *picture.Normaliser, path string) (a Answer) {
	runtime.GC() // what was left by the one before is not this one's
	before, start := spent(), time.Now()
	raw, err := os.ReadFile(path)
	if err == nil {
		_, err = pictures.Normalise(ctx, raw, picture.Limits{})
	}
	a.Elapsed, a.CPU = time.Since(start), spent()-before
	a.Peak = peak("self")
	for _, child := range children() {
		a.Decoder = max(a.Decoder, peak(child))
	}
	if err != nil {
		a.Err = err.Error()
	}
	return a
}

// spent is the processor time of this process and its children so far.
func spent() time.Duration {
	sum := time.Duration(rig.Used(syscall.RUSAGE_SELF) * float64(time.Second))
	for _, child := range children() {
		b, _ := os.ReadFile("/proc/" + child + "/stat")
		_, rest, _ := strings.Cut(string(b), ") ")
		if f := strings.Fields(rest); len(f) > 13 {
			user, _ := strconv.Atoi(f[11])
			system, _ := strconv.Atoi(f[12])
			sum += time.Duration(user+system) * tick
		}
	}
	return sum
}

func children() (pids []string) {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		pids = append(pids, strings.Fields(string(b))...)
	}
	return slices.Compact(pids)
}

// peak is the most memory that a process ever held.
func peak(pid string) int64 {
	b, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	var kb int64
	_, _ = fmt.Sscan(rest, &kb)
	return kb << 10
}
