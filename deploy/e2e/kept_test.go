package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// A listener on loopback without a token trusted every user of the machine.
// The worker and the second gateway start first, and find the tokens when the
// first gateway has written them.
func TestProcessesOfOneMachineTrustEachOtherAndNobodyElse(t *testing.T) {
	t.Parallel()
	at, err := rig.FreePorts(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	gateway := func(i int, engine map[string]any) map[string]any {
		return map[string]any{
			"http": map[string]any{"listen": at[i]}, "admin": map[string]any{"listen": at[i+1]}, "fleet": map[string]any{"listen": at[i+2]},
			"engine": engine, "store": map[string]any{"shared": true}, "data": map[string]any{"dir": data},
		}
	}
	worker := startByHand(t, rig.Worker, map[string]any{"data": map[string]any{"dir": data}, "fleet": map[string]any{"gateways": []string{at[2], at[5]}}})
	second := startByHand(t, rig.Gateway, gateway(3, map[string]any{"url": "nats://" + at[6]}))
	first := startByHand(t, rig.Gateway, gateway(0, map[string]any{"listen": at[6]}))
	first.serves(t, at[0])
	second.serves(t, at[3])
	for _, addr := range []string{at[0], at[3]} {
		ready(t, addr, worker)
	}
	kept := map[string]string{}
	for _, name := range []string{"fleet-token", "engine-token"} {
		path := filepath.Join(data, name)
		text, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err := errors.Join(err, statErr); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%s: %v, %v", name, info, err)
		}
		kept[name] = strings.TrimSpace(string(text))
	}
	if engineTakes(t, at[6], "") || !engineTakes(t, at[6], kept["engine-token"]) {
		t.Error("the engine asks for no token, or for another")
	}
	for _, addr := range []string{at[2], at[5]} {
		c, err := workerrpc.NewFleetClient(addr, workerrpc.ClientConfig{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Heartbeat(t.Context(), workerrpc.Heartbeat{ID: "stranger"}); fault.CodeOf(err) != fault.FleetTokenInvalid {
			t.Errorf("a stranger's heartbeat: %v", err)
		}
		_ = c.Close()
	}
	first.Kill()
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	first.serves(t, at[0])
	ready(t, at[0], worker)
	if v, err := secret.Kept(filepath.Join(data, "fleet-token")); err != nil || v.Reveal() != kept["fleet-token"] {
		t.Errorf("a restart changed the token: %v", err)
	}
}

// ready waits until a gateway has heard a worker.
func ready(t *testing.T, addr string, worker byHand) {
	t.Helper()
	err := rig.Retry(t.Context(), startPatience, 100*time.Millisecond, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := new(http.Client).Do(r)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", addr, err, tail(worker.said()))
	}
}

func TestATokenThatOthersMayKnowStopsAGateway(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "fleet-token"), []byte("known"), 0o644); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	g := startByHand(t, rig.Gateway, map[string]any{"data": map[string]any{"dir": data}})
	if said := g.ended(t); !strings.Contains(said, "fleet.token: ") {
		t.Errorf("it said\n%s", said)
	}
}
