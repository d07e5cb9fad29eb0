package e2e_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// A reference that is taken for the secret itself is a password that stands
// in every configuration file.
func TestAReferenceIsNoPassword(t *testing.T) {
	t.Parallel()
	at, err := rig.FreePorts(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	const engine, fleet = "the-secret-of-the-engine", "the-secret-of-the-fleet"
	g := startByHand(t, rig.Gateway, map[string]any{
		"http": map[string]any{"listen": at[0]}, "admin": map[string]any{"listen": at[1]},
		"fleet":  map[string]any{"listen": at[2], "token": "env:FLEET_SECRET"},
		"engine": map[string]any{"listen": at[3], "token": "env:ENGINE_SECRET"},
		"data":   map[string]any{"dir": t.TempDir()},
	}, "ENGINE_SECRET="+engine, "FLEET_SECRET="+fleet)
	g.serves(t, at[0])
	for token, want := range map[string]bool{"env:ENGINE_SECRET": false, "***": false, "": false, engine: true} {
		if got := engineTakes(t, at[3], token); got != want {
			t.Errorf("the engine takes %q: %v", token, got)
		}
	}
	for token, want := range map[string]bool{"env:FLEET_SECRET": false, "***": false, "": false, fleet: true} {
		c, err := workerrpc.NewFleetClient(at[2], workerrpc.ClientConfig{Token: secret.New(token)})
		if err != nil {
			t.Fatal(err)
		}
		err = c.Heartbeat(t.Context(), workerrpc.Heartbeat{ID: "w", Address: "127.0.0.1:1", Region: "a", Capacity: 1, Providers: []string{"mock"}})
		if got := !errors.Is(err, fault.New(fault.FleetTokenInvalid)); got != want {
			t.Errorf("the fleet listener takes %q: %v (%v)", token, got, err)
		}
		_ = c.Close()
	}
	g.Kill()
	if log := g.said(); strings.Contains(log, engine) || strings.Contains(log, fleet) {
		t.Errorf("a secret is in the log:\n%s", log)
	}
}

// engineTakes speaks as little of NATS as it takes to be let in.
func engineTakes(t *testing.T, addr, token string) bool {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "CONNECT {\"verbose\":false,\"auth_token\":%q}\r\nPING\r\n", token)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "PONG"):
			return true
		case strings.HasPrefix(line, "-ERR"):
			return false
		}
	}
	return false
}

// All that cannot be opened is named at once, and nothing is started.
func TestSecretsThatCannotBeOpenedAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	absent := map[string]any{"token": "env:ABSENT"}
	g := startByHand(t, rig.Gateway, map[string]any{"admin": absent, "fleet": absent, "engine": absent, "data": map[string]any{"dir": t.TempDir()}})
	w := startByHand(t, rig.Worker, map[string]any{"fleet": absent, "providers": []map[string]any{
		{"name": "one", "kind": "mock", "apiKey": "file:/absent", "proxy": "env:ABSENT"}, {"name": "two", "kind": "mock", "apiKey": "kms:AAAA"},
		{"name": "theirs", "kind": "mock", "apiKey": "env:OTHER", "region": "elsewhere"},
	}})
	for _, key := range []string{"admin.token (line 1): ", "fleet.token (line 1): ", "engine.token (line 1): "} {
		if said := g.ended(t); !strings.Contains(said, key) {
			t.Errorf("the gateway names no %s in\n%s", key, said)
		}
	}
	said := w.ended(t)
	for _, key := range []string{"fleet.token (line 1): ", "providers[0].apiKey (line 1): ", "providers[0].proxy (line 1): ", "providers[1].apiKey (line 1): "} {
		if !strings.Contains(said, key) {
			t.Errorf("the worker names no %s in\n%s", key, said)
		}
	}
	if strings.Contains(said, "providers[2]") {
		t.Errorf("the worker opens another region's key:\n%s", said)
	}
}
