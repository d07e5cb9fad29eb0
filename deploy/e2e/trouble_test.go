package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// troublePage makes one picture after the other, each with a client of its
// own, and says what became of it.
const troublePage = `<!doctype html><meta charset="utf-8"><title>trouble</title><input id="photo" type="file">
<script type="module">
import { createClient } from './imgfleet.js';
let stop;
window.state = { over: true };
window.make = (baseUrl, patience) => {
	const client = createClient({ baseUrl, patience, consent: true, language: 'en' });
	const state = (window.state = { value: 0, over: false });
	stop = new AbortController();
	client.generate(document.getElementById('photo').files[0], { style: 'ink-wash', place: 'west-lake' }, {
		signal: stop.signal, onProgress: ({ value }) => (state.value = value),
	}).then(
		(picture) => Object.assign(state, { over: true, picture: picture.imageUrl }),
		(e) => Object.assign(state, { over: true, code: e.status === undefined ? e.name : e.code, detail: e.detail, resetsAt: e.resetsAt }),
	);
};
window.abandon = () => stop.abort();
</script>`

// outcome is what became of a picture.
type outcome struct {
	Over     bool    `json:"over"`
	Value    float64 `json:"value"`
	Picture  string  `json:"picture"`
	Code     string  `json:"code"`
	Detail   string  `json:"detail"`
	ResetsAt string  `json:"resetsAt"`
}

// troubled is a browser whose way to the gateway is in the test's hands.
type troubled struct {
	*oldPage
	network *flaky
}

const (
	patient   = "{}"
	impatient = "{maxRetryAfter: 1000}"
)

func openTrouble(t *testing.T) (w *troubled, full, settings string) {
	t.Helper()
	ctx, dir := browser(t), bundle(t)
	if err := os.WriteFile(filepath.Join(dir, "trouble.html"), []byte(troublePage), 0o600); err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(pages.Close)
	with := func(store map[string]any) string {
		return config(t, "latency=2s&jitter=0s&steps=8", map[string]any{
			"http": map[string]any{"corsOrigins": []string{pages.URL}}, "store": store,
		})
	}
	w = &troubled{&oldPage{ctx: ctx}, newFlaky(t, "")}
	if err := chromedp.Do(ctx, chromedp.Navigate(pages.URL+"/trouble.html")); err != nil {
		t.Fatal(err)
	}
	return w, with(map[string]any{"minFree": int64(1) << 60}), with(nil)
}

// restart kills everything at once and starts it again over the same data.
func (w *troubled) restart(t *testing.T, data, settings string) {
	t.Helper()
	if w.dev != nil {
		w.network.lead("")
		w.kill()
	}
	w.dev = start(t, data, "--config", settings)
	w.network.lead(strings.TrimPrefix(w.public[0], "http://"))
}

// make begins a picture of a photo.
func (w *troubled) make(t *testing.T, name string, data []byte, patience string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(w.ctx, chromedp.SetUploadFiles("#photo", []string{file}, chromedp.NodeReady)); err != nil {
		t.Fatal(err)
	}
	look[bool](t, w.ctx, fmt.Sprintf("make(%q, %s) ?? true", w.network.url(), patience))
}

// end waits for what became of it.
func (w *troubled) end(t *testing.T) outcome {
	t.Helper()
	see(t, w.ctx, "state.over")
	return look[outcome](t, w.ctx, "state")
}

func (w *troubled) wantPicture(t *testing.T) {
	t.Helper()
	if got := w.end(t); got.Picture == "" {
		t.Errorf("no picture but %+v", got)
	}
}

// wantRefusal wants a code and its sentence.
func (w *troubled) wantRefusal(t *testing.T, code, says string) {
	t.Helper()
	if got := w.end(t); got.Code != code || !strings.Contains(got.Detail, says) {
		t.Errorf("%+v, want %s and a sentence with %q", got, code, says)
	}
}

// offline cuts the browser from every network, as it knows itself.
func (w *troubled) offline(t *testing.T, yes bool) {
	t.Helper()
	set := cdp.Command[map[string]any, cdp.Empty]{Method: "Network.emulateNetworkConditions"}
	how := map[string]any{"offline": yes, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
	if _, err := chromedp.Call(w.ctx, set, how); err != nil {
		t.Fatal(err)
	}
	see(t, w.ctx, fmt.Sprintf("navigator.onLine !== %t", yes))
}

// TestABrowserComesThroughEveryTrouble is one person whose gateways are killed
// under their hands, whose disk is full, whose session and quota end, who
// chooses the wrong files, and who gives up in a tunnel.
func TestABrowserComesThroughEveryTrouble(t *testing.T) { //nolint:tparallel // one person meets one trouble after the other
	t.Parallel()
	w, full, settings := openTrouble(t)
	data := t.TempDir()
	restart := func(settings string) { w.restart(t, data, settings) } // ended with all trials, not with one
	restart(full)
	t.Run("AFullDisk", w.aFullDisk)
	restart(settings)
	t.Run("KilledGateways", func(t *testing.T) { w.killedGateways(t, func() { restart(settings) }) })
	t.Run("WrongFiles", w.wrongFiles)
	t.Run("A48MegapixelPhoto", w.a48MegapixelPhoto)
	t.Run("APhotoThatTellsWhere", w.aPhotoThatTellsWhere)
	t.Run("AnErasedSessionAndAnEmptyQuota", w.anErasedSessionAndAnEmptyQuota)
	t.Run("GivingUpOffline", w.givingUpOffline)
}

func (w *troubled) aFullDisk(t *testing.T) {
	small := shot(t, 1)
	w.make(t, "small.jpg", small, impatient)
	w.wantRefusal(t, "storage_full", "try again")
	w.make(t, "large.png", noise(t, 2000, 1600), impatient) // in pieces
	w.wantRefusal(t, "storage_full", "try again")
}

// killedGateways kills the gateway in the middle of 60 MB, and in the middle
// of painting.
func (w *troubled) killedGateways(t *testing.T, restart func()) {
	before := w.network.sent()
	photo := noise(t, 5000, 4000)
	w.make(t, "large.png", photo, patient)
	if err := within(taskPatience, func() error {
		if n := w.network.sent() - before; n < int64(len(photo))/2 {
			return fmt.Errorf("only %d bytes were sent", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	restart()
	see(t, w.ctx, "state.over || state.value > 0.5")
	if over := w.network.sent() - before - int64(len(photo)); over > 25<<20 {
		t.Errorf("%d bytes too many were sent for %d: it began anew", over, len(photo))
	}
	restart()
	w.wantPicture(t)
	if _, all := w.tasks(t); len(all) != 1 || all[0].State != task.Succeeded {
		t.Errorf("tasks: %+v, want one", all)
	}
}

func (w *troubled) wrongFiles(t *testing.T) {
	w.make(t, "letter.pdf", []byte("%PDF-1.7 a letter"), patient)
	w.wantRefusal(t, "unsupported_media_type", "JPEG, PNG, HEIC or WebP")
	w.make(t, "letter.jpg", []byte(strings.Repeat("a letter that says that it is a photo. ", 20)), patient)
	w.wantRefusal(t, "unsupported_media_type", "JPEG, PNG, HEIC or WebP")
	w.make(t, "empty.jpg", nil, patient)
	if got := w.end(t); got.Code == "" || got.Detail == "" {
		t.Errorf("an empty file: %+v", got)
	}
}

// a48MegapixelPhoto is as large as phones make them, in pixels and in bytes.
func (w *troubled) a48MegapixelPhoto(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 8064, 6048))
	for i := range img.Pix {
		img.Pix[i] = byte(i >> 13)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, nil); err != nil {
		t.Fatal(err)
	}
	before := w.network.sent()
	w.make(t, "huge.jpg", append(out.Bytes(), make([]byte, 10<<20)...), patient)
	w.wantPicture(t)
	s, all := w.tasks(t)
	up, err := s.GetUpload(t.Context(), all[0].UploadID)
	if err != nil || up.Width != 3072 || up.Height != 2304 || w.network.sent()-before > 4<<20 {
		t.Errorf("it arrived as %d×%d in %d bytes (%v)", up.Width, up.Height, w.network.sent()-before, err)
	}
}

// aPhotoThatTellsWhere arrives as HEIC, without what its Exif said.
func (w *troubled) aPhotoThatTellsWhere(t *testing.T) {
	told, err := os.ReadFile(filepath.Join("..", "..", "worker", "picture", "testdata", "quadrants-exif.heic"))
	if err != nil {
		t.Fatal(err)
	}
	bare := bytes.Clone(told)
	at := bytes.LastIndex(bare, []byte("MM\x00*")) // its Exif is the last of the file
	clear(bare[at:])
	w.make(t, "told.heic", told, patient)
	w.wantPicture(t)
	s, all := w.tasks(t)
	up, err := s.GetUpload(t.Context(), all[0].UploadID)
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(bare)); err != nil || up.Fingerprint != want || up.ContentType != "image/heic" {
		t.Errorf("it arrived as %+v (%v), want %s", up, err, want)
	}
}

func (w *troubled) anErasedSessionAndAnEmptyQuota(t *testing.T) {
	w.must(t, "quota", "set", "--session-daily", "1", "--yes")
	old, _ := w.tasks(t)
	if _, err := old.Erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.make(t, "second.jpg", shot(t, 2), patient)
	w.wantPicture(t)
	if s, all := w.tasks(t); len(all) != 1 || s.Token() == old.Token() {
		t.Errorf("%d tasks, by the token of the erased session: %t", len(all), s.Token() == old.Token())
	}
	w.make(t, "third.jpg", shot(t, 3), patient)
	if got := w.end(t); got.Code != "quota_exceeded" || got.Detail == "" || got.ResetsAt == "" {
		t.Errorf("past the quota: %+v", got)
	}
	w.must(t, "quota", "set", "--session-daily", "100", "--yes")
}

// givingUpOffline ends at once for the person, and for the gateway as soon as
// there is a network.
func (w *troubled) givingUpOffline(t *testing.T) {
	w.make(t, "fourth.jpg", shot(t, 4), patient)
	see(t, w.ctx, "state.over || state.value > 0.4")
	w.offline(t, true)
	look[bool](t, w.ctx, "abandon() ?? true")
	if got := w.end(t); got.Code != "AbortError" {
		t.Errorf("giving up ended with %+v", got)
	}
	if _, all := w.tasks(t); all[0].State == task.Canceled {
		t.Error("the gateway heard of it without a network")
	}
	w.offline(t, false)
	if err := within(taskPatience, func() error {
		if _, all := w.tasks(t); all[0].State != task.Canceled {
			return errors.New("the task is " + string(all[0].State))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// shot is one of many photos.
func shot(t *testing.T, seed uint64) []byte {
	t.Helper()
	data, err := photo.JPEG(seed, 800, 600, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
