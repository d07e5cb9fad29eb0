package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// until waits for what the log says.
func (l *lines) until(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(l.String(), text); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in\n%s", text, l.String())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestAWorkerFindsTheTokenThatItsGatewayKeepsLater(t *testing.T) {
	t.Parallel()
	f, data := newFleet(t, "kept-by-the-gateway"), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lines
	go func() {
		done <- run(ctx, program.Process{Environ: []string{"IMGFLEET_DATA_DIR=" + data, `IMGFLEET_FLEET_GATEWAYS=["` + f.addr + `"]`}, Stdin: strings.NewReader(""), Stderr: &log})
	}()
	log.until(t, "has not yet written the fleet's token")
	if err := os.WriteFile(filepath.Join(data, "fleet-token"), []byte("kept-by-the-gateway\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := f.next(t, anyHeartbeat)
	for token, want := range map[string]fault.Kind{"another": fault.Unauthenticated, "": fault.Unauthenticated, "kept-by-the-gateway": fault.Invalid} {
		c, err := workerrpc.NewClient(workerrpc.ClientConfig{Token: secret.New(token)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Inspect(t.Context(), b.Address, workerrpc.InspectRequest{}); (fault.KindOf(err) == fault.Unauthenticated) != (want == fault.Unauthenticated) {
			t.Errorf("a gateway with %q: %v", token, err)
		}
		_ = c.Close()
	}
	stop()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
}

func TestATokenThatOthersMayKnowStopsAWorker(t *testing.T) {
	t.Parallel()
	for text, mode := range map[string]os.FileMode{"known": 0o644, "": 0o600} {
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, "fleet-token"), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		var log lines
		p := program.Process{Environ: []string{"IMGFLEET_DATA_DIR=" + data}, Stdin: strings.NewReader(""), Stderr: &log}
		if code := run(t.Context(), p); code == 0 || !strings.Contains(log.String(), "fleet.token: ") {
			t.Errorf("%q: exit code %d, %s", text, code, log.String())
		}
	}
}
