package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
)

// browser opens a headless Chromium with a tab, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path != "" {
			break
		}
		path, _ = exec.LookPath(name)
	}
	if path == "" {
		if os.Getenv("CI") == "" {
			t.Skip("no browser: install chromium (deploy/test.sh does) or name one with CHROMIUM")
		}
		t.Fatal("no browser on CI: install chromium or name one with CHROMIUM")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-gpu", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// aBrowserFollowsTheStream opens links.stream with a plain EventSource.
func aBrowserFollowsTheStream(t *testing.T, d *dev) {
	ctx := browser(t)
	p := newPerson(t, d, 8)
	if err := chromedp.Do(ctx, chromedp.Navigate(d.public[0]+"/privacy")); err != nil {
		t.Fatal(err)
	}
	made := p.submit(t, 1)
	link, err := json.Marshal(made.Links.Stream)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`new Promise((resolve, reject) => {
		const seen = [], source = new EventSource(%s);
		for (const name of ["snapshot", "queued", "progress", "degraded", "succeeded", "failed", "canceled", "expired"])
			source.addEventListener(name, e => {
				JSON.parse(e.data);
				seen.push(e.lastEventId + " " + name);
				if (["succeeded", "failed", "canceled", "expired"].includes(name)) { source.close(); resolve(seen.join(", ")); }
			});
		setTimeout(() => reject(new Error("no end: " + seen.join(", "))), 60000);
	})`, link)
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(seen, "snapshot") || strings.Count(seen, "progress") < 2 || !strings.HasSuffix(seen, "succeeded") {
		t.Errorf("the browser saw %s", seen)
	}
	t.Logf("the browser saw %s", seen)
}

// thePageDoesTheJobByHand is a person with a phone's browser and nothing else.
func thePageDoesTheJobByHand(t *testing.T, d *dev) {
	ctx := browser(t)
	data, err := photo.JPEG(9, 1200, 900, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "holiday.jpg")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, steps...); err != nil {
			t.Fatal(err)
		}
	}
	d.must(t, "campaign", "create", "fair", "--for", "1h", "--capacity", "10", "--landing-url", "https://example.com/fair", "--reason", "a test")
	complaints := listen(ctx)
	do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), chromedp.Navigate(d.public[0]+"/?c=fair"))
	see(t, ctx, `document.querySelectorAll("#styles [role=radio]").length >= 8 && document.querySelectorAll("#places [role=radio]").length >= 12`)
	do(
		chromedp.SetUploadFiles("#file", []string{file}, chromedp.NodeReady),
		chromedp.Click("#styles [role=radio]:nth-child(2)"), chromedp.Click("#places [role=radio]:nth-child(3)"),
		chromedp.Click("#consent"),
	)
	see(t, ctx, `!document.getElementById("go").disabled`)
	keep(t, ctx, "1-chosen.png")
	do(chromedp.Click("#go"))
	see(t, ctx, `!document.getElementById("work").hidden && document.getElementById("bar").value > 0`)
	keep(t, ctx, "2-working.png")
	const finished = `!document.getElementById("save").hidden && document.getElementById("picture").complete && document.getElementById("picture").naturalWidth > 0 && document.getElementById("picture").getAnimations().length === 0`
	see(t, ctx, finished)
	see(t, ctx, `!document.getElementById("event").hidden && document.getElementById("event").href === "https://example.com/fair"`)
	keep(t, ctx, "3-done.png")
	const source = `document.getElementById("picture").src`
	first := look[string](t, ctx, source)
	do(chromedp.Click("#regenerate"))
	see(t, ctx, fmt.Sprintf(`%s && %s !== %q`, finished, source, first))
	do(chromedp.Click("#back"))
	see(t, ctx, `document.querySelectorAll("#gallery img").length >= 2`)
	keep(t, ctx, "4-gallery.png")
	do(chromedp.Navigate(d.public[len(d.public)-1] + "/terms"))
	if said := complaints(); len(said) > 0 {
		t.Errorf("the page complained: %q", said)
	}
}

// listen collects the page's uncaught errors until it is asked for them.
func listen(ctx context.Context) func() []string {
	var mu sync.Mutex
	var said []string
	thrown := chromedp.Events(ctx, runtime.ExceptionThrown)
	go func() {
		for e, err := range thrown {
			if err != nil {
				return
			}
			mu.Lock()
			said = append(said, e.ExceptionDetails.Text)
			mu.Unlock()
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return said
	}
}

// look evaluates an expression in the page.
func look[T any](t *testing.T, ctx context.Context, expression string) T { //nolint:revive // t comes first in tests
	t.Helper()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// see waits until an expression is true in the page.
func see(t *testing.T, ctx context.Context, expression string) { //nolint:revive // as above
	t.Helper()
	if err := within(taskPatience, func() error {
		if !look[bool](t, ctx, expression) {
			return fmt.Errorf("never true: %s; the page says: %s", expression, look[string](t, ctx, "document.body.innerText"))
		}
		return nil
	}); err != nil {
		keep(t, ctx, "0-stuck.png")
		t.Fatal(err)
	}
}

// keep saves a screenshot with the test's artifacts (go test -artifacts).
func keep(t *testing.T, ctx context.Context, name string) { //nolint:revive // as above
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), png, 0o600); err != nil {
		t.Fatal(err)
	}
}
