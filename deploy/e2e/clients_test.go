package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const clientsDir = "clients"

// node finds Node and installs the clients as they are locked, once, or skips.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("no Node: install nodejs and npm")
	}
	if err != nil {
		t.Fatal("no Node on CI: install nodejs and npm")
	}
	lock, err := os.Stat(filepath.Join(clientsDir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.Stat(filepath.Join(clientsDir, "node_modules", ".package-lock.json"))
	if err == nil && !have.ModTime().Before(lock.ModTime()) {
		return path
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = clientsDir
	out, err := install.CombinedOutput()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("the clients cannot be installed, no network? %v\n%s", err, tail(string(out)))
	}
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, tail(string(out)))
	}
	return path
}

// run runs a program in the directory of the clients.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = clientsDir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s%s", name, err, out, tail(stderr.String()))
	}
	return out
}

// noise is a photo that nothing can compress.
func noise(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(img.Pix)
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0xff
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sender is a client that sends the photo over a network of its own.
type sender struct {
	name    string // "tus-js-client" or "uppy"
	where   string
	session *client.Session
	network *flaky

	mu     sync.Mutex
	report string // what it said at the end
}

// sent is what clients/upload.js says at the end.
type sent struct {
	UploadID task.UploadID `json:"uploadId"`
	Requests int           `json:"requests"`
	Refused  []int         `json:"refused"`
}

func newSender(t *testing.T, d *dev, name, where string, size int64) *sender {
	t.Helper()
	s, err := d.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimPrefix(d.public[0], "http://")
	return &sender{name: name, where: where, session: s, network: newFlaky(t, target,
		incident{size / 10, cuts}, incident{size / 4, vanishes}, incident{size / 2, holds},
		incident{size * 7 / 10, cuts}, incident{size * 17 / 20, vanishes})}
}

// to is how upload.js is told where to send.
func (s *sender) to(more map[string]string) string {
	all := map[string]string{"endpoint": s.network.url() + "/uploads/tus", "token": s.session.Token(), "type": "image/png"}
	for k, v := range more {
		all[k] = v
	}
	text, _ := json.Marshal(all)
	return string(text)
}

func (s *sender) said(report string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = report
}

// TestRealClientsSendLargePhotosOverBadNetworks sends one photo with the
// clients that people use, in Node and in a browser on a page of another
// origin. Each loses its connection four times, twice without the gateway
// hearing of it, and all see the gateway restart half-way.
func TestRealClientsSendLargePhotosOverBadNetworks(t *testing.T) {
	t.Parallel()
	nodePath, tab := node(t), browser(t)
	width, height := 5000, 4000 // 60 MB
	if testing.Short() {
		width, height = 1600, 1000
	}
	photo := noise(t, width, height)
	file := filepath.Join(t.TempDir(), "noise.png")
	if err := os.WriteFile(file, photo, 0o600); err != nil {
		t.Fatal(err)
	}
	page := servePage(t, file)
	data, settings := t.TempDir(), config(t, "latency=50ms", map[string]any{"http": map[string]any{"corsOrigins": []string{page}}})
	first := start(t, data, "--config", settings)
	size := int64(len(photo))
	inNode := []*sender{newSender(t, first, "tus-js-client", "Node", size), newSender(t, first, "uppy", "Node", size)}
	inBrowser := []*sender{newSender(t, first, "tus-js-client", "browser", size), newSender(t, first, "uppy", "browser", size)}
	all := append(inNode, inBrowser...)

	var work sync.WaitGroup
	for _, s := range inNode {
		work.Go(func() {
			s.said(string(run(t, nodePath, "node.js", s.to(map[string]string{"client": s.name, "path": file}))))
		})
	}
	work.Go(func() { sendInBrowser(t, tab, page, inBrowser) })
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()

	for _, s := range all {
		select {
		case <-s.network.held:
		case <-done:
			t.Fatalf("%s in %s ended before half of it was sent: %q", s.name, s.where, s.report)
		}
	}
	for _, s := range all {
		s.network.lead("")
	}
	first.interrupt(t)
	second := start(t, data, "--config", settings)
	for _, s := range all {
		s.network.lead(strings.TrimPrefix(second.public[0], "http://"))
		close(s.network.released)
	}
	<-done
	for _, s := range all {
		s.check(t, second, photo)
	}
}

// check compares what arrived with what was sent.
func (s *sender) check(t *testing.T, d *dev, photo []byte) {
	t.Helper()
	var got sent
	if err := json.Unmarshal([]byte(s.report), &got); err != nil {
		t.Errorf("%s in %s said %q: %v", s.name, s.where, s.report, err)
		return
	}
	up, err := s.session.Via(d.api(t, 0)).CompleteUpload(t.Context(), got.UploadID)
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(photo)); err != nil || up.Fingerprint != want {
		t.Errorf("%s in %s: %+v, %v, want %s", s.name, s.where, up, err, want)
	}
	// What was under way when a connection broke is sent again: a few MB.
	if over := s.network.sent() - int64(len(photo)); over > 25<<20 {
		t.Errorf("%s in %s sent %d bytes too many for %d: it began anew", s.name, s.where, over, len(photo))
	}
	t.Logf("%s in %s: %d requests, refusals %v, %.2f times the photo's bytes", s.name, s.where, got.Requests, got.Refused,
		float64(s.network.sent())/float64(len(photo)))
}

// servePage serves the bundled clients and the photo from an origin of its
// own.
func servePage(t *testing.T, file string) string {
	t.Helper()
	bundle := run(t, filepath.Join("node_modules", ".bin", "esbuild"), "browser.js", "--bundle", "--format=iife", "--log-level=warning")
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<!doctype html><meta charset="utf-8"><title>clients</title><script src="client.js"></script>`))
	})
	mux.HandleFunc("/client.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(bundle)
	})
	mux.HandleFunc("/photo.png", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func sendInBrowser(t *testing.T, tab context.Context, page string, all []*sender) { //nolint:revive // t comes first in tests
	t.Helper()
	var calls []string
	for _, s := range all {
		calls = append(calls, fmt.Sprintf("send(%q, \"/photo.png\", %s)", s.name, s.to(nil)))
	}
	if err := chromedp.Do(tab, chromedp.Navigate(page+"/")); err != nil {
		t.Error(err)
		return
	}
	reports, err := chromedp.Run(tab, chromedp.Evaluate[[]string]("Promise.all(["+strings.Join(calls, ", ")+"])", chromedp.EvalAwaitPromise))
	if err != nil {
		t.Error(err)
		return
	}
	for i, s := range all {
		s.said(reports[i])
	}
}
