package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser opens a headless Chromium with a tab, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROMIUM") //nolint:forbidigo // where this machine has its browser
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path != "" {
			break
		}
		path, _ = exec.LookPath(name)
	}
	if path == "" {
		if os.Getenv("CI") == "" { //nolint:forbidigo // CI must not skip
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

// thePageDoesTheJobByHand is a person with a browser and nothing else.
func thePageDoesTheJobByHand(t *testing.T, d *dev) {
	ctx := browser(t)
	p := newPerson(t, d, 9)
	file := filepath.Join(t.TempDir(), "holiday.jpg")
	if err := os.WriteFile(file, p.photo, 0o600); err != nil {
		t.Fatal(err)
	}
	_ = ctx
	t.Skip("the page is not there yet")
}
