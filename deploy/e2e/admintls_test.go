package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/tlstest"
)

func TestOperatorsSpeakHTTPSWithAnAuthorityOfTheirOwn(t *testing.T) {
	t.Parallel()
	at, err := rig.FreePorts(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	a := tlstest.New(t)
	own, data := a.Issue(t, "admin"), t.TempDir()
	g := startByHand(t, rig.Gateway, map[string]any{
		"http": map[string]any{"listen": at[0]}, "fleet": map[string]any{"listen": at[2]}, "data": map[string]any{"dir": data},
		"admin": map[string]any{"listen": at[1], "hosts": []string{"admin.example.com"}, "tls": map[string]any{"cert": own.Cert, "key": own.Key}},
	})
	g.serves(t, at[0])
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	imgctl := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), programs.Path(rig.Imgctl), args...)
		cmd.Env = []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	server, token := "https://"+at[1], filepath.Join(data, "admin.token")
	if err := rig.Retry(t.Context(), startPatience, 50*time.Millisecond, func(context.Context) error {
		_, err := os.Stat(token) // the gateway is built, and made it
		return err
	}); err != nil {
		t.Fatal(err, g.said())
	}
	for _, args := range [][]string{
		{"status", "--server", server, "--token-file", token, "--ca-file", a.File},
		{"context", "add", "own", "--server", server, "--token-file", token, "--ca-file", a.File, "--select"},
		{"status"},
	} {
		if out, err := imgctl(args...); err != nil {
			t.Errorf("%q: %v\n%s\n%s", args, err, out, tail(g.said()))
		}
	}
	for name, args := range map[string][]string{
		"an unknown authority": {"status", "--server", server, "--token-file", token},
		"in clear":             {"status", "--server", "http://" + at[1], "--token-file", token},
	} {
		if out, err := imgctl(args...); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// What an operator sees of the table: the keys, all at once, from the
// programs themselves.
func TestProdRefusesItsTable(t *testing.T) {
	t.Parallel()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	refused := func(program string, env ...string) string {
		cmd := exec.CommandContext(t.Context(), programs.Path(program), "-check-config")
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err == nil {
			return ""
		}
		return string(out)
	}
	said := refused(rig.Gateway, "IMGFLEET_ENVIRONMENT=prod", "IMGFLEET_ADMIN_LISTEN=:8081", "IMGFLEET_ENGINE_LISTEN=0.0.0.0:4222", "IMGFLEET_FLEET_LISTEN=[::]:8082",
		"IMGFLEET_FLEET_TOKEN=hunter2", "IMGFLEET_HTTP_PUBLICURL=http://pictures.example.com", `IMGFLEET_PROVIDERS=[{"name":"a","kind":"seedream"}]`)
	for _, want := range []string{
		"admin.tls.cert", "admin.token", "engine.tls.cert", "engine.token", "FLEET_LISTEN", "FLEET_TOKEN", "HTTP_PUBLICURL", "priceFen",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the gateway does not name %s in\n%s", want, said)
		}
	}
	if strings.Contains(said, "hunter2") {
		t.Errorf("a secret is said:\n%s", said)
	}
	said = refused(rig.Worker, "IMGFLEET_ENVIRONMENT=prod", "IMGFLEET_WORKER_LISTEN=:9000", `IMGFLEET_FLEET_GATEWAYS=["10.0.0.5:8082"]`, `IMGFLEET_EGRESS_ALLOW=["127.0.0.2"]`,
		`IMGFLEET_PROVIDERS=[{"name":"a","kind":"mock","apiKey":"hunter2","proxy":"http://me:hunter2@proxy:1"}]`)
	for _, want := range []string{"WORKER_LISTEN", "EGRESS_ALLOW", "apiKey", "proxy", "only the mock"} {
		if !strings.Contains(said, want) {
			t.Errorf("the worker does not name %s in\n%s", want, said)
		}
	}
	if strings.Contains(said, "hunter2") {
		t.Errorf("a secret is said:\n%s", said)
	}
	for program, env := range map[string]string{rig.Gateway: "IMGFLEET_HTTP_LISTEN=:8080", rig.Worker: "IMGFLEET_WORKER_ADMIN_LISTEN=0.0.0.0:9100"} {
		if said := refused(program, env); !strings.Contains(strings.ToLower(said), "environment: must be said") {
			t.Errorf("the %s said %s", program, said)
		}
	}
}
