package e2e_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// maxBundleBytes is less than a fifth above what the client is: gzip, without what only
// large photos need. Whoever needs more says so here.
const maxBundleBytes = 13 << 10

// bundle builds the browser client and lays the example beside it.
func bundle(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("CI") == "" {
		t.Skip("no Node: install nodejs and npm")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join("..", "web.sh"), "build", "--outDir", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("build the client: %v\n%s", err, tail(string(out)))
	}
	if parts, _ := filepath.Glob(filepath.Join(dir, "*.js")); len(parts) != 2 {
		t.Errorf("the client is %v, want the two files that its README names", parts)
	}
	for _, name := range []string{"old-page.html", "old-page.js"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "gateway", "web", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "imgfleet.js"))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, _ = z.Write(data)
	_ = z.Close()
	if t.Logf("the client is %d bytes (gzip)", small.Len()); small.Len() > maxBundleBytes {
		t.Errorf("the client is %d bytes (gzip), want at most %d", small.Len(), maxBundleBytes)
	}
	return dir
}

// unlucky stands before a gateway: it cuts the first stream after its second
// event and loses the answer to the first task. It counts the photos that tell
// by which camera they were taken.
type unlucky struct {
	proxy   *httputil.ReverseProxy
	streams atomic.Int32
	posts   atomic.Int32
	patches atomic.Int32
	puts    atomic.Int32
	told    atomic.Int32
}

func newUnlucky(t *testing.T, gateway string) *unlucky {
	t.Helper()
	target, err := url.Parse(gateway)
	if err != nil {
		t.Fatal(err)
	}
	u := &unlucky{}
	u.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if r.In.Method == http.MethodPut {
				r.Out.Body = &toldBody{ReadCloser: r.Out.Body, told: &u.told}
			}
		},
		FlushInterval:  -1,
		ErrorLog:       log.New(io.Discard, "", 0),
		ModifyResponse: u.spoil,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return u
}

func (u *unlucky) spoil(r *http.Response) error {
	switch path := r.Request.URL.Path; {
	case r.Request.Method == http.MethodPost && path == "/tasks" && u.posts.Add(1) == 1:
		return errors.New("the answer is lost")
	case r.Request.Method == http.MethodPatch:
		u.patches.Add(1)
	case r.Request.Method == http.MethodPut:
		u.puts.Add(1)
	case strings.HasSuffix(path, "/stream") && u.streams.Add(1) == 1:
		r.Body = &cutBody{ReadCloser: r.Body, events: 2}
	}
	return nil
}

// toldBody looks at the beginning of a photo.
type toldBody struct {
	io.ReadCloser
	told   *atomic.Int32
	looked bool
}

// Read reads what is sent.
func (b *toldBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if !b.looked && bytes.Contains(p[:n], []byte(photo.Camera)) {
		b.told.Add(1)
	}
	b.looked = b.looked || n > 0
	return n, err
}

// cutBody fails after some events.
type cutBody struct {
	io.ReadCloser
	events int
}

// Read reads until the body is cut.
func (c *cutBody) Read(p []byte) (int, error) {
	if c.events <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.ReadCloser.Read(p)
	c.events -= bytes.Count(p[:n], []byte("\n\n"))
	return n, err
}

// oldPage is the example in a browser, on an origin of its own.
type oldPage struct {
	*dev
	ctx     context.Context //nolint:containedctx // it is the browser's tab
	network *unlucky
}

func openOldPage(t *testing.T) *oldPage {
	t.Helper()
	ctx, dir := browser(t), bundle(t)
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	pages := httptest.NewServer(mux)
	t.Cleanup(pages.Close)
	d := start(t, t.TempDir(), "--config", config(t, "latency=2s&jitter=0s&steps=8", map[string]any{
		"http": map[string]any{"corsOrigins": []string{pages.URL}}, "session": map[string]any{"challenge": "on"},
	}))
	network := newUnlucky(t, d.public[0])
	gateway := httptest.NewServer(network.proxy)
	t.Cleanup(gateway.Close)
	bad := newFlaky(t, strings.TrimPrefix(gateway.URL, "http://"), incident{after: 6 << 20, what: cuts})
	html, err := os.ReadFile(filepath.Join(dir, "old-page.html"))
	if err != nil {
		t.Fatal(err)
	}
	html = bytes.Replace(html, []byte(`data-gateway=""`), []byte(`data-gateway="`+bad.url()+`"`), 1)
	if err := os.WriteFile(filepath.Join(dir, "old-page.html"), html, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(pages.URL+"/old-page.html")); err != nil {
		t.Fatal(err)
	}
	return &oldPage{dev: d, ctx: ctx, network: network}
}

// generate presses the button with another photo.
func (o *oldPage) generate(t *testing.T, name string, data []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(o.ctx, chromedp.SetUploadFiles("#photo", []string{file}, chromedp.NodeReady), chromedp.Click("#generate")); err != nil {
		t.Fatal(err)
	}
}

// tasks lists what this browser's person has at the gateway.
func (o *oldPage) tasks(t *testing.T) (*client.Session, []client.Task) {
	t.Helper()
	s := o.api(t, 0).Session(look[string](t, o.ctx, `localStorage.getItem("imgfleet.token")`))
	all, _, err := s.List(t.Context(), 10, "")
	if err != nil {
		t.Fatal(err)
	}
	return s, all
}

// TestAnOldPageMakesPictures drives the browser client and its example through
// a proof of work, a lost answer, a cut stream, a cut upload, a reload and a
// change of mind.
func TestAnOldPageMakesPictures(t *testing.T) {
	t.Parallel()
	o := openOldPage(t)
	const shown = `document.getElementById("picture").naturalWidth > 0`
	const running = `document.getElementById("bar").value > 0.4 && document.getElementById("bar").value < 0.9`
	huge, err := photo.JPEG(9, 4000, 3000, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(o.ctx, chromedp.Click("#agree")); err != nil {
		t.Fatal(err)
	}
	o.generate(t, "huge.jpg", append(huge, make([]byte, 5<<20)...)) // what follows the picture is nobody's business
	see(t, o.ctx, shown)
	s, all := o.tasks(t)
	if len(all) != 1 || o.network.posts.Load() != 2 || o.network.streams.Load() != 2 {
		t.Fatalf("%d tasks of %d requests over %d streams, want 1 of 2 over 2", len(all), o.network.posts.Load(), o.network.streams.Load())
	}
	up, err := s.GetUpload(t.Context(), all[0].UploadID)
	if err != nil || up.Width != 2304 || up.Height != 3072 || o.network.puts.Load() != 1 {
		t.Errorf("the huge photo arrived as %d×%d in %d requests (%v), want it smaller and upright", up.Width, up.Height, o.network.puts.Load(), err)
	}

	o.generate(t, "large.png", noise(t, 2000, 1600))
	see(t, o.ctx, running)
	if err := chromedp.Do(o.ctx, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	see(t, o.ctx, shown)
	if _, all = o.tasks(t); len(all) != 2 || all[0].State != task.Succeeded || o.network.patches.Load() < 1 {
		t.Errorf("after the reload there are %d tasks, the last %s; %d pieces", len(all), all[0].State, o.network.patches.Load())
	}

	other, err := photo.JPEG(10, 800, 600, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(o.ctx, chromedp.Click("#agree")); err != nil {
		t.Fatal(err)
	}
	o.generate(t, "other.jpg", other)
	see(t, o.ctx, running)
	if err := chromedp.Do(o.ctx, chromedp.Click("#stop")); err != nil {
		t.Fatal(err)
	}
	if err := within(taskPatience, func() error {
		if _, all = o.tasks(t); len(all) != 3 || all[0].State != task.Canceled {
			return errors.New("the third task is " + string(all[0].State))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	up, err = s.GetUpload(t.Context(), all[0].UploadID)
	if err != nil || up.Width != 600 || up.Height != 800 || o.network.told.Load() != 0 {
		t.Errorf("the other photo arrived as %d×%d (%v), want it upright; %d photos told of their camera", up.Width, up.Height, err, o.network.told.Load())
	}
}
