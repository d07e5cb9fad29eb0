package e2e_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	styleID   = "ink-wash"
	placeID   = "west-lake"
	maxPhoto  = 2048 // the long side of a normalised photo
	labelMark = "http://www.tc260.org.cn/ns/AIGC/1.0/"
)

// aPhotoBecomesAPicture is the main job, seen from outside.
func aPhotoBecomesAPicture(t *testing.T, d *dev) {
	p := newPerson(t, d, 1)
	if !p.upload.Ready() || p.upload.Width != 900 || p.upload.Height != 1200 || !strings.HasPrefix(p.upload.Fingerprint, "sha256:") {
		t.Errorf("upload = %+v, want a ready one, upright 900×1200", p.upload)
	}
	normal := p.fetch(t, p.upload.FileURL)
	if b := decode(t, normal).Bounds(); b.Dx() != 900 || b.Dy() != 1200 {
		t.Errorf("normalised photo is %v, want it upright", b)
	}
	if bytes.Contains(normal, []byte(photo.Camera)) || bytes.Contains(normal, []byte("Exif")) || bytes.Contains(normal, []byte(labelMark)) {
		t.Error("the normalised photo carries metadata")
	}
	made := p.submit(t, 1)
	events, err := follow(t.Context(), p.Session, made.TaskID, 0, atTheEnd)
	if err != nil {
		t.Fatalf("%v after %s", err, sequence(events))
	}
	if first, last := events[0].Name, events[len(events)-1].Name; first != "snapshot" || last != "succeeded" || len(events) < 5 {
		t.Errorf("stream = %s, want snapshot, several progress, succeeded", sequence(events))
	}
	unbroken(t, events[0].Version(), events[1:])
	doc := p.finish(t, made.TaskID)
	if doc.State != task.Succeeded || doc.Progress != 100 || doc.Result == nil || doc.Degraded || doc.Cached {
		t.Fatalf("task = %+v", doc)
	}
	picture := p.fetch(t, doc.Result.ImageURL)
	img := decode(t, picture)
	if img.Bounds().Dx() != doc.Result.Width || img.Bounds().Dy() != doc.Result.Height {
		t.Errorf("picture is %v, the document says %d×%d", img.Bounds(), doc.Result.Width, doc.Result.Height)
	}
	if bytes.Equal(picture, p.photo) || bytes.Equal(picture, normal) {
		t.Error("the picture is the photo")
	}
	if !bytes.Contains(picture, []byte(labelMark)) || bytes.Contains(picture, []byte(photo.Camera)) {
		t.Error("the picture must carry the AIGC label and nothing of the camera")
	}
	decode(t, p.fetch(t, doc.Result.ThumbnailURL))
	again := regenerated(t, p, doc)
	other := p.fetch(t, again.Result.ImageURL)
	if bytes.Equal(other, picture) || difference(t, picture, other) < 1 {
		t.Error("regenerate gave the same picture")
	}
	t.Logf("stream: %s; regenerated picture differs by %.1f of 255 on average", sequence(events), difference(t, picture, other))
	theSameWishIsAnsweredFromTheCache(t, p, doc)
}

func regenerated(t *testing.T, p *person, doc client.Task) client.Task {
	t.Helper()
	again, err := p.Regenerate(t.Context(), doc.TaskID, client.Again{})
	if err != nil {
		t.Fatal(err)
	}
	if again.TaskID == doc.TaskID || again.Cached {
		t.Errorf("regenerate answered %s, cached %v", again.TaskID, again.Cached)
	}
	done := p.finish(t, again.TaskID)
	if done.State != task.Succeeded {
		t.Fatalf("regenerated task = %+v", done)
	}
	return done
}

func theSameWishIsAnsweredFromTheCache(t *testing.T, p *person, doc client.Task) {
	t.Helper()
	cached := p.submit(t, 1)
	if !cached.Cached || cached.State != task.Succeeded || cached.TaskID == doc.TaskID {
		t.Errorf("the same wish again: state %s, cached %v", cached.State, cached.Cached)
		return
	}
	events, err := follow(t.Context(), p.Session, cached.TaskID, 0, atTheEnd)
	if err != nil || sequence(events) != "1 snapshot, 1 succeeded" {
		t.Errorf("stream of a cached task = %s, %v", sequence(events), err)
	}
}

// difference is the mean distance of two pictures' luminance, coarsely.
func difference(t *testing.T, a, b []byte) float64 {
	t.Helper()
	x, y := decode(t, a), decode(t, b)
	if x.Bounds() != y.Bounds() {
		return 255
	}
	sum, n := 0.0, 0
	for v := 0; v < x.Bounds().Dy(); v += 7 {
		for u := 0; u < x.Bounds().Dx(); u += 7 {
			r1, g1, b1, _ := x.At(u, v).RGBA()
			r2, g2, b2, _ := y.At(u, v).RGBA()
			sum += math.Abs(float64(r1)-float64(r2)) + math.Abs(float64(g1)-float64(g2)) + math.Abs(float64(b1)-float64(b2))
			n += 3
		}
	}
	return sum / float64(n) / 257
}

// aRunningTaskIsCanceled cancels after the first progress. On a busy machine the
// picture may be there before the cancel is; then another task is tried.
func aRunningTaskIsCanceled(t *testing.T, d *dev) {
	p := newPerson(t, d, 2)
	for try := int64(1); ; try++ {
		made := p.submit(t, try)
		seen, err := follow(t.Context(), p.Session, made.TaskID, 0, func(e client.Event) bool { return e.Name == "progress" || e.Terminal() })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Cancel(t.Context(), made.TaskID); err != nil {
			t.Fatal(err)
		}
		rest, err := follow(t.Context(), p.Session, made.TaskID, seen[len(seen)-1].Version(), atTheEnd)
		if err == nil && rest[len(rest)-1].Name == "succeeded" && try < 3 {
			continue
		}
		if err != nil || rest[len(rest)-1].Name != "canceled" {
			t.Errorf("after the cancel: %s, %v", sequence(rest), err)
		}
		if _, err := p.Cancel(t.Context(), made.TaskID); client.Status(err) != http.StatusConflict {
			t.Errorf("a second cancel: %v, want 409", err)
		}
		return
	}
}

// aDeletedTaskIsGone deletes a finished and a running task.
func aDeletedTaskIsGone(t *testing.T, d *dev) {
	p := newPerson(t, d, 3)
	wish := p.wish(1)
	wish.Key = "delete-me"
	made, err := p.Submit(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	doc := p.finish(t, made.TaskID)
	receipt, err := p.Delete(t.Context(), made.TaskID)
	if err != nil || receipt.ReceiptID == "" || receipt.Deleted.Tasks != 1 || receipt.Deleted.Objects < 2 {
		t.Errorf("receipt = %+v, %v", receipt, err)
	}
	if _, _, err := p.api.Fetch(t.Context(), doc.Result.ImageURL, 1<<20); client.Status(err) != http.StatusNotFound {
		t.Errorf("the picture of a deleted task: %v, want 404", err)
	}
	if _, err := p.Submit(t.Context(), wish); client.Status(err) != http.StatusConflict || client.Code(err) != "task_deleted" {
		t.Errorf("the key of a deleted task: %v", err)
	}
	running := p.submit(t, 2)
	if _, err := follow(t.Context(), p.Session, running.TaskID, 0, func(e client.Event) bool { return e.Name == "progress" }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Delete(t.Context(), running.TaskID); err != nil {
		t.Fatal(err)
	}
	for _, id := range []task.ID{made.TaskID, running.TaskID} {
		for g := range d.public {
			if _, err := p.Via(d.api(t, g)).Get(t.Context(), id); client.Status(err) != http.StatusNotFound {
				t.Errorf("deleted task on gateway %d: %v, want 404", g+1, err)
			}
		}
		if st, err := p.Stream(t.Context(), id, ""); client.Status(err) != http.StatusNotFound {
			t.Errorf("stream of a deleted task: %v, want 404", err)
			if err == nil {
				st.Close()
			}
		}
	}
	if page, _, err := p.List(t.Context(), 10, ""); err != nil || len(page) != 0 {
		t.Errorf("list after deleting all: %d tasks, %v", len(page), err)
	}
}

// aStrangerFindsNothing tries every route that takes an id with somebody
// else's, and compares with an id that never was.
func aStrangerFindsNothing(t *testing.T, d *dev) {
	owner, stranger := newPerson(t, d, 4), newPerson(t, d, 5)
	done := owner.submit(t, 1)
	owner.finish(t, done.TaskID)
	never := struct {
		task   task.ID
		upload task.UploadID
	}{task.ID(task.NewID()), task.UploadID(task.NewID())}
	for _, route := range []struct{ method, path, body string }{
		{"GET", "/tasks/{task}", ""}, {"GET", "/tasks/{task}?wait=1", ""}, {"DELETE", "/tasks/{task}", ""},
		{"POST", "/tasks/{task}/cancel", "{}"}, {"POST", "/tasks/{task}/regenerate", "{}"},
		{"POST", "/tasks/{task}/feedback", `{"rating":5}`}, {"GET", "/tasks/{task}/stream", ""}, {"GET", "/tasks/{task}/ws", ""},
		{"POST", "/tasks/{task}/share", "{}"}, {"DELETE", "/tasks/{task}/share", ""},
		{"GET", "/uploads/{upload}", ""}, {"DELETE", "/uploads/{upload}", ""}, {"POST", "/uploads/{upload}/complete", "{}"},
		{"POST", "/tasks", `{"uploadId":"{upload}","style":"` + styleID + `","place":"` + placeID + `"}`},
	} {
		for g, base := range d.public {
			with := func(id task.ID, up task.UploadID) (int, string) {
				r := strings.NewReplacer("{task}", string(id), "{upload}", string(up))
				status, problem := raw(t, stranger.Token(), route.method, base+r.Replace(route.path), r.Replace(route.body))
				return status, string(problem.Code) + ": " + problem.Detail
			}
			status, text := with(done.TaskID, owner.upload.UploadID)
			unknown, unknownText := with(never.task, never.upload)
			if status != http.StatusNotFound || unknown != status || text != unknownText {
				t.Errorf("gateway %d %s %s: %d %q; an id that never was: %d %q", g+1, route.method, route.path, status, text, unknown, unknownText)
			}
		}
	}
	if doc, err := owner.Get(t.Context(), done.TaskID); err != nil || doc.State != task.Succeeded {
		t.Errorf("after all that the owner sees %+v, %v", doc, err)
	}
}

// raw makes one request without any repetition.
func raw(t *testing.T, token, method, url, body string) (int, client.Problem) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasSuffix(url, "/ws") {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		r.Header.Set("Sec-WebSocket-Version", "13")
		r.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	}
	client := http.Client{}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var p problem
	if resp.StatusCode >= 400 {
		p = readProblem(t, resp)
	}
	return resp.StatusCode, p
}

// aCutStreamIsResumed cuts at every event and goes on at the other gateway,
// then resumes the finished stream after every id there is.
func aCutStreamIsResumed(t *testing.T, d *dev) {
	p := newPerson(t, d, 6)
	made := p.submit(t, 1)
	var all []client.Event
	last := uint64(0)
	for n := 0; ; n++ {
		got, err := follow(t.Context(), p.Via(d.api(t, n%len(d.public))), made.TaskID, last, atOnce)
		if err != nil {
			t.Fatalf("resume after %d: %v", last, err)
		}
		all = append(all, got...)
		last = got[0].Version()
		if got[0].Terminal() {
			break
		}
	}
	if all[0].Name != "snapshot" || len(all) < 5 {
		t.Errorf("events = %s", sequence(all))
	}
	unbroken(t, all[0].Version(), all[1:])
	for after := uint64(1); after < last; after++ {
		for g := range d.public {
			got, err := follow(t.Context(), p.Via(d.api(t, g)), made.TaskID, after, atTheEnd)
			if err != nil || got[0].Name == "snapshot" {
				t.Errorf("gateway %d after %d: %s, %v", g+1, after, sequence(got), err)
				continue
			}
			unbroken(t, after, got)
		}
	}
	for g := range d.public {
		if _, err := follow(t.Context(), p.Via(d.api(t, g)), made.TaskID, last, atOnce); !errors.Is(err, client.ErrEnded) {
			t.Errorf("gateway %d after the end: %v, want 204", g+1, err)
		}
		got, err := follow(t.Context(), p.Via(d.api(t, g)), made.TaskID, last+1000, atTheEnd)
		if err != nil || got[0].Name != "snapshot" {
			t.Errorf("gateway %d after an unknown id: %s, %v", g+1, sequence(got), err)
		}
	}
	t.Logf("%d events, cut after each: %s", len(all), sequence(all))
}

// theEndOfAStreamIsTheEnd: the server closes after the terminal event.
func theEndOfAStreamIsTheEnd(t *testing.T, d *dev) {
	p := newPerson(t, d, 7)
	made := p.submit(t, 1)
	got, err := follow(t.Context(), p.Session, made.TaskID, 0, func(client.Event) bool { return false })
	if !errors.Is(err, io.EOF) || len(got) == 0 || !got[len(got)-1].Terminal() {
		t.Errorf("stream = %s, %v, want it closed after its end", sequence(got), err)
	}
}
