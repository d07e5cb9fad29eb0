package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

func TestThreeNodesAreAnEngine(t *testing.T) {
	t.Parallel()
	var addrs []string
	var held []net.Listener
	for range 6 {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addrs, held = append(addrs, l.Addr().String()), append(held, l)
	}
	for _, l := range held {
		_ = l.Close()
	}
	ctx, stop := context.WithCancel(t.Context())
	var nodes sync.WaitGroup
	logs := make([]bytes.Buffer, 3)
	for i := range logs {
		p := program.Process{Environ: []string{"ENGINE_TOKEN=hush", "IMGFLEET_HTTP_LISTEN=of no interest"}, Stderr: &logs[i], Args: []string{
			engineNode, "-name", fmt.Sprint("node", i), "-listen", addrs[i], "-cluster", addrs[3+i], "-routes", strings.Join(addrs[3:], ","),
			"-dir", t.TempDir(), "-token", "env:ENGINE_TOKEN", "-sync", "1m", "-log-format", "json",
		}}
		nodes.Go(func() {
			if code := run(ctx, p); code != 0 {
				t.Errorf("node %d: exit %d", i, code)
			}
		})
	}
	defer func() {
		stop()
		nodes.Wait()
		for i := range logs {
			if said := logs[i].String(); strings.Contains(said, "hush") || strings.Count(said, "\n") > 12 {
				t.Errorf("node %d said %s", i, said)
			}
		}
	}()
	e, err := engine.Open(t.Context(), engine.Config{
		URL: "nats://" + strings.Join(addrs[:3], ",nats://"), Token: secret.New("hush"), Replicas: 3, Interval: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "kept"}); err != nil {
		t.Error(err)
	}
}

func TestANodeRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	good := []string{"-name", "a", "-listen", "127.0.0.1:0", "-cluster", "127.0.0.1:0", "-routes", "127.0.0.1:1", "-dir", t.TempDir()}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"ATokenInClear":   {[]string{"-token", "hush"}, "env:NAME"},
		"NoSuchVariable":  {[]string{"-token", "env:NONE"}, "NONE"},
		"NeverSynced":     {[]string{"-token", "env:T", "-sync", "0s"}, "-sync"},
		"AKeyAlone":       {[]string{"-token", "env:T", "-tls-key", "key.pem"}, "tls-cert"},
		"AnotherLanguage": {[]string{"-token", "env:T", "-routes", "nats://127.0.0.1:1"}, "host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			code := run(t.Context(), program.Process{Args: append(append([]string{engineNode}, good...), tc.args...), Environ: []string{"T=x"}, Stderr: &said})
			if code == 0 || !strings.Contains(said.String(), tc.want) || strings.Contains(said.String(), "hush") {
				t.Errorf("exit %d, said %s", code, said.String())
			}
		})
	}
}
