package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// fetch reads from the admin listener.
func (r *Rig) fetch(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.ports.admin+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := r.web.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("GET %s: %s", path, resp.Status), resp.Body.Close())
	}
	return resp.Body, nil
}

// Metric sums all series of a metric whose labels contain every one of
// labels, written as the gateway prints them: `state="succeeded"`.
func (r *Rig) Metric(ctx context.Context, name string, labels ...string) (float64, error) {
	body, err := r.fetch(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	return sum(body, name, labels)
}

func sum(metrics io.Reader, name string, labels []string) (total float64, err error) {
	lines := bufio.NewScanner(metrics)
next:
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(series, l) {
				continue next
			}
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		total += v
	}
	return total, lines.Err()
}

// Profile writes a CPU profile of the gateway over the next seconds.
func (r *Rig) Profile(ctx context.Context, seconds int, to string) error {
	body, err := r.fetch(ctx, "/debug/pprof/profile?seconds="+strconv.Itoa(seconds))
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close())
}

// Memory is the anonymous memory of the gateway in bytes.
func (r *Rig) Memory() (int64, error) { return Memory(r.PID()) }

// PID is the gateway's process.
func (r *Rig) PID() int { return r.gateway.PID() }

// Memory is the anonymous memory of a process in bytes: its heap and stacks.
// Pages of files do not count, the program's own among them: the kernel drops
// and reads them as it likes.
func Memory(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no RssAnon")
}

// Peak reads the anonymous memory of a process every few milliseconds while
// work runs, and returns the highest value. The kernel keeps a peak of all
// resident pages only.
func Peak(pid int, work func() error) (peak int64, err error) {
	done := make(chan error, 1)
	go func() { done <- work() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now, seen := Memory(pid)
		peak = max(peak, now)
		select {
		case err := <-done:
			return peak, errors.Join(err, seen)
		case <-tick.C:
		}
	}
}
