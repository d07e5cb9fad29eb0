package dev_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/ctl/dev"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// TestMain makes the test binary play the children, and imgctl itself, when
// it is called by their names.
func TestMain(m *testing.M) {
	play := map[string]func() int{"gateway": fakeGateway, "worker": fakeWorker, "imgctl": fakeImgctl}
	if role, ok := play[filepath.Base(os.Args[0])]; ok {
		os.Exit(role())
	}
	os.Exit(m.Run())
}

// note appends a line to the data directory, where the test looks.
func note(format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(os.Getenv("IMGFLEET_DATA_DIR"), "notes"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	_, _ = fmt.Fprintf(f, format+"\n", args...)
}

// tied ends with SIGTERM or with standard input, and ignores SIGINT.
func tied() context.Context {
	signal.Ignore(os.Interrupt)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return ctx
}

// fakeGateway serves what dev asks: readiness, the catalogue, the workers.
func fakeGateway() int {
	if os.Getenv("FAKE_REFUSE") != "" {
		return 2
	}
	ctx := tied()
	token, err := os.ReadFile(strings.TrimPrefix(os.Getenv("IMGFLEET_ADMIN_TOKEN"), "file:"))
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	workers := map[string]operator.Worker{}
	for addr, h := range map[string]http.HandlerFunc{
		os.Getenv("IMGFLEET_HTTP_LISTEN"): func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/readyz" {
				mu.Lock()
				defer mu.Unlock()
				some := len(workers) > 0
				if !some {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				_, _ = fmt.Fprintf(w, `{"ready":%t,"checks":[{"name":"engine","ok":true},{"name":"workers","ok":%t}]}`, some, some)
				return
			}
			_, _ = io.WriteString(w, `{"version":1,"styles":[{"id":"ink"}],"places":[{"id":"bund"}]}`)
		},
		os.Getenv("IMGFLEET_ADMIN_LISTEN"): func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+strings.TrimSpace(string(token)) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			l := operator.List[operator.Worker]{}
			for _, x := range workers {
				l.Data = append(l.Data, x)
			}
			_ = json.NewEncoder(w).Encode(l)
		},
		os.Getenv("IMGFLEET_FLEET_LISTEN"): func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Token") != os.Getenv("IMGFLEET_FLEET_TOKEN") {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			id := r.URL.Query().Get("id")
			workers[id] = operator.Worker{ID: id, Present: true}
		},
	} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			panic(err)
		}
		go func() { _ = http.Serve(l, h) }()
	}
	note("gateway up pid=%d engine=%q listen=%q shared=%q tls=%q args=%q", os.Getpid(), os.Getenv("IMGFLEET_ENGINE_URL"), os.Getenv("IMGFLEET_ENGINE_LISTEN"),
		os.Getenv("IMGFLEET_STORE_SHARED"), os.Getenv("IMGFLEET_TLS_CERT"), os.Args[1:])
	note("gateway providers=%s", os.Getenv("IMGFLEET_PROVIDERS"))
	fmt.Fprintln(os.Stderr, "gateway serves")
	<-ctx.Done()
	note("gateway down")
	return 0
}

// fakeWorker tells every gateway about itself until it ends.
func fakeWorker() int {
	ctx := tied()
	if slices.Contains(os.Args, "-simulate") {
		return fakeVendors(ctx)
	}
	note("worker up pid=%d region=%q capacity=%q providers=%s", os.Getpid(), os.Getenv("IMGFLEET_WORKER_REGION"), os.Getenv("IMGFLEET_WORKER_CAPACITY"),
		os.Getenv("IMGFLEET_PROVIDERS"))
	var gateways []string
	if err := json.Unmarshal([]byte(os.Getenv("IMGFLEET_FLEET_GATEWAYS")), &gateways); err != nil {
		panic(err)
	}
	crash := filepath.Join(os.Getenv("IMGFLEET_DATA_DIR"), "crash")
	for {
		if os.Remove(crash) == nil {
			return 2 // as a panic does, and as a configuration that is refused
		}
		for _, g := range gateways {
			r, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g+"/?id="+os.Getenv("IMGFLEET_WORKER_LISTEN"), http.NoBody)
			r.Header.Set("Token", os.Getenv("IMGFLEET_FLEET_TOKEN"))
			if resp, err := new(http.Client).Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}
		select {
		case <-ctx.Done():
			note("worker down")
			if os.Getenv("FAKE_STUBBORN") != "" {
				select {} // never drains
			}
			return 0
		case <-time.After(50 * time.Millisecond): // the heartbeat
		}
	}
}

// fakeVendors answers where the books are looked for.
func fakeVendors(ctx context.Context) int {
	note("vendors up vendors=%s", os.Getenv("IMGFLEET_SIMULATE_VENDORS"))
	l, err := net.Listen("tcp", os.Getenv("IMGFLEET_SIMULATE_LISTEN"))
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /books", func(http.ResponseWriter, *http.Request) {})
	go func() { _ = http.Serve(l, mux) }()
	<-ctx.Done()
	note("vendors down")
	return 0
}

// fakeImgctl runs dev as a process, so that a test can kill it.
func fakeImgctl() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := dev.Defaults()
	c.HTTP, c.Admin, c.Data = "127.0.0.1:0", "127.0.0.1:0", os.Args[1]
	err := dev.Run(ctx, c, dev.Deps{
		Streams: &terminal.Streams{Out: os.Stdout, Err: os.Stderr, Width: func() int { return 0 }},
		Getenv:  os.Getenv, Environ: os.Environ(), Executable: os.Args[0],
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
