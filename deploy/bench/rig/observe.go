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

// RSS is the resident memory of the gateway in bytes.
func (r *Rig) RSS() (int64, error) { return memory(r.PID(), "VmRSS:") }

// PID is the gateway's process.
func (r *Rig) PID() int { return r.gateway.pid() }

// Peak is the most memory that a process had resident since ResetPeak.
func Peak(pid int) (int64, error) { return memory(pid, "VmHWM:") }

// ResetPeak forgets the peak of a process.
func ResetPeak(pid int) error {
	const peakOnly = "5" // proc(5), clear_refs
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte(peakOnly), 0)
}

func memory(pid int, field string) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("no " + field)
}
