package e2e_test

import (
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// vendors plays every vendor of a file on this machine's own address, since
// workers of prod fetch nothing from loopback, and points the file's providers
// at them by the environment. All else of the list stays as it stands.
func (s *shipped) vendors(t *testing.T, own string) rig.Desk {
	t.Helper()
	list := s.providers(t)
	ports, err := rig.FreePorts(t.Context(), len(list)+1)
	if err != nil {
		t.Fatal(err)
	}
	prefixes := map[string]string{"seedream": "/api/v3", "dashscope": "/api/v1", "qianfan": "/v2", "openai": "/v1"}
	var play []map[string]any
	for i, p := range list {
		kind, _ := p["kind"].(string)
		if kind == "mock" {
			continue
		}
		if !rig.Drives(kind) {
			t.Skipf("this tree has no vendor %s", kind)
		}
		secret, _ := p["apiKey"].(string)
		v := map[string]any{"name": p["name"], "kind": kind, "listen": ports[i+1], "apiKey": s.env[secret[len("env:"):]], "knobs": soon}
		if p["dialect"] != nil {
			v["dialect"] = p["dialect"]
		}
		play = append(play, v)
		p["baseUrl"] = "http://" + forward(t, own, ports[i+1]) + prefixes[kind]
	}
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	s.env["IMGFLEET_PROVIDERS"] = string(raw)
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	w, err := programs.Configured(t.TempDir(), "vendors", rig.Worker, s.environ(nil), map[string]any{
		"simulate": map[string]any{"listen": ports[0], "vendors": play},
	}, "-simulate")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Kill)
	return rig.Desk(ports[0])
}

// soon is a vendor that answers soon.
const soon = "median=300ms&p95=600ms&side=640"

// providers are those of the file.
func (s *shipped) providers(t *testing.T) (list []map[string]any) {
	t.Helper()
	for _, l := range leaves(s.doc.Content[0], "") {
		if l.path == "providers" {
			if err := l.value.Decode(&list); err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

// forward passes connections to one of this machine's addresses on to
// loopback, and returns where it listens.
func forward(t *testing.T, own, target string) string {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(own, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			from, err := ln.Accept()
			if err != nil {
				return
			}
			go pass(from, target)
		}
	}()
	return ln.Addr().String()
}

// pass copies both ways until either side ends.
func pass(from net.Conn, target string) {
	defer func() { _ = from.Close() }()
	to, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// ownAddress is an address of this machine that is not loopback.
func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback, from which workers of prod fetch nothing")
	return ""
}
