package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// identity is a section tls.
func identity(t *testing.T) section {
	t.Helper()
	c := certify(t, "127.0.0.1")
	return section{"cert": c.cert, "key": c.key, "clientCA": c.ca}
}

func tlsEffects() []effect {
	return []effect{
		{"admin.hosts admin.tls.cert admin.tls.key", seeAdminTLS},
		{"engine.tls.ca engine.tls.cert engine.tls.key", seeEngineTLS},
		{"engine.creds", seeEngineCredentials},
	}
}

func seeAdminTLS(t *testing.T) {
	id := identity(t)
	s := gatewayWith(t, section{"admin": section{"hosts": []string{"admin.example.com"}, "tls": section{"cert": id["cert"], "key": id["key"]}}})
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(t, id["clientCA"].(string))}}
	t.Cleanup(web.CloseIdleConnections)
	status := func(host string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.admin+"/readyz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := web.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if ours, other := status("admin.example.com"), status("other.example.com"); ours == other || other < 400 {
		t.Errorf("admin.hosts: the listed name gets %d, another one %d", ours, other)
	}
}

func seeEngineTLS(t *testing.T) {
	at, err := rig.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	id := identity(t)
	files := section{"ca": id["clientCA"], "cert": id["cert"], "key": id["key"]}
	first := gatewayWith(t, section{"engine": section{"listen": at[0], "tls": files}})
	gatewayWith(t, section{
		"engine": section{"url": "tls://" + at[0], "tls": files}, "store": section{"shared": true}, "data": section{"dir": first.data},
	})
}

// seeEngineCredentials sees that the file is opened and read. An engine with
// accounts of its own is nobody's here.
func seeEngineCredentials(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.creds")
	if err := os.WriteFile(junk, []byte("no credentials"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startByHand(t, rig.Gateway, section{
		"engine": section{"url": "nats://127.0.0.1:1", "creds": junk}, "store": section{"shared": true},
	})
	if said := p.ended(t); !strings.Contains(said, "engine.creds") {
		t.Errorf("a file without credentials: %s", said)
	}
}

// trusting trusts one authority.
func trusting(t *testing.T, file string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}
