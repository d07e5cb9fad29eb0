package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

var fleetAddress = regexp.MustCompile(`gateway serves.*?"?fleet"?[=:]"?([0-9.]+:[0-9]+)`)

// TestTheFleetSpeaksMutualTLS runs a task over it and sends a worker without
// a certificate away.
func TestTheFleetSpeaksMutualTLS(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--tls", "--config", config(t, "latency=300ms", nil))
	p := newPerson(t, d, 1)
	if doc := p.finish(t, p.submit(t, 1).TaskID); doc.State != task.Succeeded {
		t.Errorf("over TLS the task ended as %s", doc.State)
	}
	if strings.Contains(d.log.String(), "alternative names") {
		t.Error("a certificate of dev names no role")
	}
	m := fleetAddress.FindStringSubmatch(d.log.String())
	if m == nil {
		t.Fatalf("no fleet address in the log\n%s", tail(d.log.String()))
	}
	aStrangerIsRefused(t, m[1])

	stranger := strayWorker(t, d, m[1])
	<-time.After(3 * time.Second) // three heartbeats
	if ws := list[operator.Worker](t, d.must(t, "worker", "ls", "-o", "json")); len(ws) != 2 {
		t.Errorf("fleet = %+v, want the two of dev", ws)
	}
	stranger.Kill()
	log, _ := os.ReadFile(stranger.LogPath())
	t.Logf("the worker without a certificate said: %s", lastLine(string(log)))
}

// aStrangerIsRefused dials without a certificate; in TLS 1.3 the refusal comes
// with the first read.
func aStrangerIsRefused(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the question is whether the server takes us
	if err = c.HandshakeContext(ctx); err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("a dial without a certificate: %v", err)
	}
}

// strayWorker starts a worker that knows everything but has no certificate.
func strayWorker(t *testing.T, d *dev, fleet string) *rig.Process {
	t.Helper()
	ports, err := rig.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	doc, err := json.Marshal(map[string]any{
		"fleet":  map[string]any{"gateways": []string{fleet}, "token": "a-guess"},
		"worker": map[string]any{"listen": ports[0], "advertise": ports[0], "region": "east"},
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "worker.yaml")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	w := rig.New("stray worker", d.programs.Path(rig.Worker), filepath.Join(dir, "log"), d.environ(), "-config", file)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Kill)
	return w
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return fmt.Sprintf("%.300s", lines[len(lines)-1])
}
