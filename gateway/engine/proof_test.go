package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/tlstest"
)

// An engine that listens with a certificate and an authority takes gateways
// of that authority, and no others; the process that embeds it needs nothing.
func TestAnEngineSpeaksTLSWithItsGateways(t *testing.T) {
	t.Parallel()
	a, foreign := tlstest.New(t), tlstest.New(t)
	engine, guest, stranger := a.Issue(t, "engine"), a.Issue(t, "guest"), foreign.Issue(t, "stranger")
	addr := porttest.Must(t, 1)[0]
	host := open(t, t.TempDir(), func(c *Config) {
		c.Listen, c.Token, c.TLS = addr, secret.New("secret"), TLS{CA: a.File, Cert: engine.Cert, Key: engine.Key}
	})
	if err := host.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"tls://", "nats://"} {
		e := open(t, "", func(c *Config) {
			c.URL, c.Token, c.TLS = scheme+addr, secret.New("secret"), TLS{CA: a.File, Cert: guest.Cert, Key: guest.Key}
		})
		if err := e.Ready(t.Context()); err != nil {
			t.Errorf("by %s: %v", scheme, err)
		}
	}
	for name, c := range map[string]Config{
		"no TLS":            {URL: "nats://" + addr, Token: secret.New("secret")},
		"no certificate":    {URL: "tls://" + addr, Token: secret.New("secret"), TLS: TLS{CA: a.File}},
		"a foreign one":     {URL: "tls://" + addr, Token: secret.New("secret"), TLS: TLS{CA: a.File, Cert: stranger.Cert, Key: stranger.Key}},
		"another authority": {URL: "tls://" + addr, Token: secret.New("secret"), TLS: TLS{CA: foreign.File, Cert: guest.Cert, Key: guest.Key}},
		"another token":     {URL: "tls://" + addr, Token: secret.New("other"), TLS: TLS{CA: a.File, Cert: guest.Cert, Key: guest.Key}},
	} {
		c.Always = true
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		if e, err := Open(ctx, c); err == nil {
			t.Errorf("%s: a stranger is taken", name)
			e.Close()
		}
		cancel()
	}
}

func TestWhatProvesAGatewayIsJudgedBeforeTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("-----BEGIN NATS USER JWT-----\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, c := range map[string]Config{
		"engine.tls: cert and key":  {TLS: TLS{Cert: "a"}},
		"engine.tls.cert: must":     {Listen: "127.0.0.1:1", TLS: TLS{CA: "a"}},
		"engine.creds: is for":      {Creds: "a"},
		"engine.creds: give either": {URL: "nats://host", Creds: "a", Token: secret.New("b")},
	} {
		c.Always = true
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in %v", key, err)
		}
	}
	for key, c := range map[string]Config{
		"engine.tls.cert, engine.tls.key: ": {TLS: TLS{Cert: "/absent", Key: "/absent"}}, "engine.tls.ca: ": {TLS: TLS{CA: junk}},
		"engine.creds: open": {Creds: "/absent"}, "engine.creds: " + junk: {Creds: junk},
	} {
		if err := c.CheckFiles(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in %v", key, err)
		}
	}
}
