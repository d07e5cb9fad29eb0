package workerrpc

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/tlstest"
)

// identity makes a certificate of this machine, with the URIs in it.
func identity(t *testing.T, a *tlstest.Authority, name string, uris ...string) Identity {
	t.Helper()
	p := a.Issue(t, name, uris...)
	return Identity{Cert: p.Cert, Key: p.Key, ClientCA: a.File}
}

func load(t *testing.T, i Identity, own Role) (listen, call *tls.Config) {
	t.Helper()
	listen, call, err := i.Load(own)
	if err != nil {
		t.Fatal(err)
	}
	return listen, call
}

func TestMutualTLSAdmitsOnlyTheFleet(t *testing.T) {
	t.Parallel()
	ours, theirs := tlstest.New(t), tlstest.New(t)
	listen, _ := load(t, identity(t, ours, "worker"), RoleWorker)
	_, good := load(t, identity(t, ours, "gateway"), RoleGateway)
	_, stranger := load(t, identity(t, theirs, "stranger"), RoleGateway)
	stranger.RootCAs = good.RootCAs // so that it is the server who refuses
	nobody := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: good.RootCAs, NextProtos: []string{"h2"}}

	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error { return send(okOutcome(a)) }}
	s := start(t, w, ServerConfig{TLS: listen, Token: secret.New("tok")})

	if _, err := dial(t, ClientConfig{TLS: good, Token: secret.New("tok")}).Generate(t.Context(), s.Addr().String(), Attempt{}, nil); err != nil {
		t.Errorf("a good certificate was refused: %v", err)
	}
	for name, cfg := range map[string]*tls.Config{"another authority": stranger, "no certificate": nobody, "no TLS": nil} {
		c := dial(t, ClientConfig{TLS: cfg, Token: secret.New("tok"), ConnectTimeout: 500 * time.Millisecond, Silence: time.Second})
		if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v, want unavailable", name, err)
		}
	}
}

func TestACallerRefusesAWorkerWithAnothersName(t *testing.T) {
	t.Parallel()
	ours := tlstest.New(t)
	listen, _ := load(t, identity(t, ours, "worker"), RoleWorker)
	_, call := load(t, identity(t, ours, "gateway"), RoleGateway)
	call.ServerName = "elsewhere.example.com"
	s := start(t, &fakeWorker{}, ServerConfig{TLS: listen})
	c := dial(t, ClientConfig{TLS: call})
	if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); fault.CodeOf(err) != fault.WorkerUnreachable {
		t.Errorf("got %v, want %s", err, fault.WorkerUnreachable)
	}
}

func TestAHalfIdentityIsRefused(t *testing.T) {
	t.Parallel()
	if err := (Identity{Cert: "c"}).Validate(); err == nil {
		t.Error("a certificate without key and authority was accepted")
	}
	if l, c, err := (Identity{}).Load(RoleWorker); l != nil || c != nil || err != nil {
		t.Errorf("no identity: %v %v %v, want nothing", l, c, err)
	}
}

// A worker's certificate is in more hands than a gateway's.
func TestACertificateIsGoodForItsRole(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t)
	listen, _ := load(t, identity(t, a, "worker", "imgfleet:worker"), RoleWorker)
	_, call := load(t, identity(t, a, "gateway", "imgfleet:gateway"), RoleGateway)
	for i, c := range []struct {
		uris            []string
		gateway, worker bool // what it is good for
	}{
		{nil, true, true},
		{[]string{"imgfleet:gateway"}, true, false},
		{[]string{"imgfleet:worker"}, false, true},
		{[]string{"imgfleet:worker", "imgfleet:gateway"}, true, true},
		{[]string{"spiffe://example.com/worker"}, true, true},
		{[]string{"spiffe://example.com/gateway", "imgfleet:worker"}, false, true},
		{[]string{"imgfleet:operator"}, false, false},
		{[]string{"imgfleet:Gateway"}, false, false},
		{[]string{"imgfleet:///gateway"}, false, false},
	} {
		t.Run(strings.Join(c.uris, ","), func(t *testing.T) {
			t.Parallel()
			own := identity(t, a, fmt.Sprint("case", i), c.uris...)
			raw := a.Trust(t, tlstest.Pair{Cert: own.Cert, Key: own.Key})
			raw.NextProtos, raw.ClientCAs, raw.ClientAuth = []string{"h2"}, raw.RootCAs, tls.RequireAndVerifyClientCert
			if err := called(t, listen, raw); (err == nil) != c.gateway {
				t.Errorf("as a gateway it calls a worker: %v", err)
			}
			if err := called(t, raw, call); (err == nil) != c.worker {
				t.Errorf("as a worker it answers a gateway: %v", err)
			}
			for role, good := range map[Role]bool{RoleGateway: c.gateway, RoleWorker: c.worker} {
				_, _, err := own.Load(role)
				if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "tls.cert") {
					t.Errorf("a %s starts with it: %v", role, err)
				}
				if warned, roleless := len(own.Warnings(role)) > 0, c.gateway && c.worker && len(c.uris) < 2; good && warned != roleless {
					t.Errorf("a %s warns: %q", role, own.Warnings(role))
				}
			}
		})
	}
}

// called reports whether a call goes through, with these certificates on
// either side.
func called(t *testing.T, listen, call *tls.Config) error {
	t.Helper()
	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error { return send(okOutcome(a)) }}
	s := start(t, w, ServerConfig{TLS: listen})
	_, err := dial(t, ClientConfig{TLS: call}).Generate(t.Context(), s.Addr().String(), Attempt{}, nil)
	return err
}

func TestARefusedCertificateIsLogged(t *testing.T) {
	t.Parallel()
	a := tlstest.New(t)
	listen, _ := load(t, identity(t, a, "worker", "imgfleet:worker"), RoleWorker)
	log := make(lines, 100)
	s, err := Serve(t.Context(), ServerConfig{Listen: "127.0.0.1:0", TLS: listen, Logger: slog.New(slog.NewTextHandler(log, nil)), Drain: time.Millisecond}, &fakeWorker{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	other := a.Issue(t, "other", "imgfleet:worker")
	for pair, want := range map[tlstest.Pair]string{other: "not for a gateway", tlstest.New(t).Issue(t, "stranger"): "unknown authority"} {
		if conn, err := tls.Dial("tcp", s.Addr().String(), a.Trust(t, pair)); err == nil {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
		if line := <-log; !strings.Contains(line, want) || !strings.Contains(line, "from=127.0.0.1") {
			t.Errorf("%q, want %q", line, want)
		}
	}
}

// lines is a log, line by line.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}
