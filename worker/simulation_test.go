package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/worker/simulate"
)

func TestAWorkerPlaysEveryVendorOfThisBuild(t *testing.T) {
	t.Parallel()
	var list []map[string]any
	for kind := range doubles() {
		list = append(list, map[string]any{"name": kind, "kind": kind, "listen": porttest.Must(t, 1)[0], "apiKey": "id:secret", "knobs": "median=1ms"})
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	books := porttest.Must(t, 1)[0]
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var log lines
	environ := []string{"IMGFLEET_SIMULATE_LISTEN=" + books, "IMGFLEET_SIMULATE_VENDORS=" + string(text), "IMGFLEET_FLEET_TOKEN=x"}
	go func() {
		done <- run(ctx, program.Process{Args: []string{"-simulate"}, Environ: environ, Stdin: strings.NewReader(""), Stderr: &log})
	}()
	var got simulate.Books
	for deadline := time.Now().Add(20 * time.Second); len(got.Vendors) == 0; {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+books+"/books", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := new(http.Client).Do(r); err == nil {
			err = json.NewDecoder(resp.Body).Decode(&got)
			_ = resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no books:\n%s", log.String())
		}
	}
	if len(got.Vendors) != len(list) || len(list) < 4 {
		t.Errorf("books of %d vendors, want %d", len(got.Vendors), len(list))
	}
	stop()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.String())
	}
}

func TestVendorsAreNotPlayedInProduction(t *testing.T) {
	t.Parallel()
	var out lines
	environ := []string{
		"IMGFLEET_ENVIRONMENT=prod", `IMGFLEET_SIMULATE_VENDORS=[{"name":"a","kind":"mock","listen":"0.0.0.0:80","apiKey":"k","knobs":"rate=2"}]`,
	}
	if code := run(t.Context(), program.Process{Args: []string{"-simulate"}, Environ: environ, Stdin: strings.NewReader(""), Stderr: &out}); code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"environment (IMGFLEET_ENVIRONMENT): ", "vendors[0].kind", "vendors[0].listen", "vendors[0].knobs"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing of %s in\n%s", want, out.String())
		}
	}
}

func TestAWorkerThatWorksIgnoresTheSimulation(t *testing.T) {
	t.Parallel()
	var out lines
	if code := run(t.Context(), program.Process{Args: []string{"-check-config"}, Environ: []string{"IMGFLEET_SIMULATE_LISTEN=nowhere"}, Stdin: strings.NewReader(""), Stderr: &out}); code != 0 {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
