package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// brush is a vendor with one route and no protocol.
func brush(k double.Knobs, v Vendor) Double {
	d := double.New(k, func(task.Class) double.Reply { return double.Reply{Status: http.StatusTooManyRequests, Doc: "later"} })
	d.Handle("POST /draw", double.Submit, func(c *double.Call) double.Reply {
		if c.Header.Get("Authorization") != v.Key.Reveal() {
			c.Violation("wrong key")
			return double.Reply{Status: http.StatusUnauthorized, Doc: "no"}
		}
		if r, no := c.Refusal(); no {
			return r
		}
		if r, no := c.Work(); no {
			return r
		}
		return double.Reply{Status: http.StatusOK, Doc: "a picture"}
	})
	return d
}

func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func config(t *testing.T) Config {
	t.Helper()
	return Config{Listen: free(t), Vendors: []Vendor{
		{Name: "quick", Kind: "brush", Listen: free(t), APIKey: secret.NewRef("k1"), Key: secret.New("k1"), Knobs: "median=1ms"},
		{Name: "busy", Kind: "brush", Listen: free(t), APIKey: secret.NewRef("k2"), Key: secret.New("k2"), Knobs: "rate=1"},
	}}
}

// run plays in the background and waits for the books.
func run(t *testing.T, c Config) (stop func() error) {
	t.Helper()
	s, err := New(c, map[string]Maker{"brush": brush}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(cancel)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if status, _ := ask(t, http.MethodGet, "http://"+c.Listen+"/books", "", ""); status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the books are not served")
		}
		time.Sleep(5 * time.Millisecond) //nolint:forbidigo // a listener announces nothing
	}
	return func() error { cancel(); return <-ended }
}

// ask is one request; 0 when nobody answers.
func ask(t *testing.T, method, url, key, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", key)
	resp, err := new(http.Client).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func books(t *testing.T, c Config) map[string]double.Books {
	t.Helper()
	_, text := ask(t, http.MethodGet, "http://"+c.Listen+"/books", "", "")
	var b Books
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.Vendors
}

func TestVendorsArePlayedAndTheirBooksAreRead(t *testing.T) {
	t.Parallel()
	c := config(t)
	stop := run(t, c)
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		v := c.Vendors[i]
		if status, _ := ask(t, http.MethodPost, "http://"+v.Listen+"/draw", v.Key.Reveal(), ""); status != want {
			t.Errorf("%s answered %d, want %d", v.Name, status, want)
		}
	}
	if status, _ := ask(t, http.MethodPost, "http://"+c.Vendors[0].Listen+"/draw", "k2", ""); status != http.StatusUnauthorized {
		t.Errorf("another vendor's key: %d", status)
	}
	b := books(t, c)
	if q := b["quick"]; q.Submissions != 1 || q.Billed != 1 || len(q.Violations) != 1 {
		t.Errorf("quick: %+v", q)
	}
	if q := b["busy"]; q.Submissions != 1 || q.Refused != 1 || q.Billed != 0 || len(q.Violations) != 0 {
		t.Errorf("busy: %+v", q)
	}
	status, text := ask(t, http.MethodGet, "http://"+c.Listen+"/vendors/busy/submissions", "", "")
	var asked []double.Submission
	if err := json.Unmarshal([]byte(text), &asked); status != http.StatusOK || err != nil || len(asked) != 1 || !asked[0].Refused {
		t.Errorf("%d, %v: submissions %s", status, err, text)
	}
	if status, _ := ask(t, http.MethodGet, "http://"+c.Listen+"/vendors/nobody/submissions", "", ""); status != http.StatusNotFound {
		t.Errorf("a vendor that is not played: %d", status)
	}
	if err := stop(); err != nil {
		t.Errorf("ended with %v, want an orderly end", err)
	}
	if status, _ := ask(t, http.MethodGet, "http://"+c.Listen+"/books", "", ""); status != 0 {
		t.Error("the books outlive the simulation")
	}
}

func TestAVendorIsSteeredWhileItIsPlayed(t *testing.T) {
	t.Parallel()
	c := config(t)
	run(t, c)
	knobs := func(name string) string { return "http://" + c.Listen + "/vendors/" + name + "/knobs" }
	if status, text := ask(t, http.MethodPut, knobs("busy"), "", "median=1ms&p95=2ms"); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, text)
	}
	if status, _ := ask(t, http.MethodPost, "http://"+c.Vendors[1].Listen+"/draw", "k2", ""); status != http.StatusOK {
		t.Errorf("the vendor is still busy: %d", status)
	}
	for body, want := range map[string]int{"colour=red": http.StatusBadRequest, strings.Repeat("x", maxKnobs+1): http.StatusRequestEntityTooLarge} {
		if status, _ := ask(t, http.MethodPut, knobs("busy"), "", body); status != want {
			t.Errorf("%.20s: %d, want %d", body, status, want)
		}
	}
	if status, _ := ask(t, http.MethodPut, knobs("nobody"), "", ""); status != http.StatusNotFound {
		t.Errorf("a vendor that is not played: %d", status)
	}
}

func TestABusyPortEndsTheSimulation(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := config(t)
	c.Vendors[1].Listen = l.Addr().String()
	s, err := New(c, map[string]Maker{"brush": brush}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "simulate.vendors[1].listen") {
		t.Errorf("got %v", err)
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	c := Config{Listen: "0.0.0.0:1", Vendors: []Vendor{
		{Name: "a", Kind: "brush", Listen: "127.0.0.1:1", APIKey: secret.NewRef("k"), Knobs: "rate=2"},
		{Name: "a", Kind: "unheard-of", Listen: "nowhere"},
	}}
	_, err := New(c, map[string]Maker{"brush": brush}, slog.New(slog.DiscardHandler))
	for _, key := range []string{"simulate.listen", "vendors[0].knobs", "vendors[1].name", "vendors[1].apiKey", "vendors[1].listen", "vendors[1].kind"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%v does not name %s", err, key)
		}
	}
	if err := (Config{Listen: "localhost:0"}).Validate(); err == nil || !strings.Contains(err.Error(), "at least one") {
		t.Errorf("nobody to play: %v", err)
	}
}

func TestKeysAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := config(t)
	c.Vendors[0].APIKey, c.Vendors[0].Key = secret.NewRef("very-secret"), secret.New("very-secret")
	s, err := New(c, map[string]Maker{"brush": brush}, slog.New(slog.NewJSONHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.Run(ctx)
	if strings.Contains(log.String(), "very-secret") {
		t.Errorf("log: %s", &log)
	}
}
