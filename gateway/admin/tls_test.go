package admin_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/admin/admintest"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/tlstest"
)

// serving runs the API with a configuration, and returns its address.
func serving(t *testing.T, change func(*admin.Config)) string {
	t.Helper()
	c := admin.Defaults()
	c.Listen, c.Token = "127.0.0.1:0", secret.New(admintest.Token)
	change(&c)
	s, err := admin.New(c, admin.Deps{Policy: admintest.New(t).Policy, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	addr, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
	return addr.String()
}

// asks asks for a path by a name, and returns the status and the answer.
func asks(t *testing.T, c *http.Client, url, host string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Authorization", "Bearer "+admintest.Token)
	resp, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func TestTheAPIAnswersByTheNamesThatAreListed(t *testing.T) {
	t.Parallel()
	addr := serving(t, func(c *admin.Config) {
		c.Hosts = []string{"Admin.Example.com.", "other.example:8081"}
	})
	for host, want := range map[string]int{
		"admin.example.com": 200, "ADMIN.example.com:8081": 200, "admin.example.com.": 200, "admin.example.com.:99": 200, "other.example": 200,
		"localhost": 200, "127.0.0.1:1": 200, "[::1]:80": 200,
		"evil.example": 403, "admin.example.com.evil.example": 403, "xadmin.example.com": 403, "": 200, // the address of the request
	} {
		status, text := asks(t, new(http.Client), "http://"+addr+"/admin/version", host)
		if status != want || want == 403 && !strings.Contains(text, "admin.hosts") {
			t.Errorf("%q: %d %s", host, status, text)
		}
	}
}

func TestTheAPISpeaksHTTPS(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t)
	own := a.Issue(t, "admin", "admin.example.com")
	addr := serving(t, func(c *admin.Config) { c.TLS, c.Hosts = admin.Files(own), []string{"admin.example.com"} })
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: a.Trust(t)}}
	for _, path := range []string{"/admin/version", "/metrics", "/debug/pprof/cmdline", "/livez"} {
		if status, text := asks(t, trusting, "https://"+addr+path, "admin.example.com"); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, text)
		}
		if status, _ := asks(t, new(http.Client), "http://"+addr+path, ""); status == http.StatusOK {
			t.Errorf("%s is served in clear", path)
		}
	}
	old := a.Trust(t)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if status, _ := asks(t, &http.Client{Transport: &http.Transport{TLSClientConfig: old}}, "https://"+addr+"/livez", ""); status != 0 {
		t.Error("it speaks TLS 1.1")
	}
}

func TestWhatIsWrongWithNamesAndFilesIsNamed(t *testing.T) {
	t.Parallel()
	c := admin.Config{Listen: "127.0.0.1:1", Token: secret.New(admintest.Token), TLS: admin.Files{Cert: "a"}, Hosts: []string{"good.example", "https://a.example", "*.example", "", "münchen.example", "a:b:c"}}
	err := c.Validate()
	for _, key := range []string{"admin.tls: cert and key", "admin.hosts[1]", "admin.hosts[2]", "admin.hosts[3]", "admin.hosts[4]", "admin.hosts[5]"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in %v", key, err)
		}
	}
	if _, err := (admin.Files{Cert: "/absent", Key: "/absent"}).Load(); err == nil || !strings.Contains(err.Error(), "admin.tls.cert") {
		t.Errorf("absent files: %v", err)
	}
}
