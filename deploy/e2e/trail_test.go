package e2e_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	engineToken = "a-token-for-the-test"
	theirNote   = "holding a lantern of paper"
	theirKey    = "their-own-key-4711"
	theirIP     = "203.0.113.77"
	theirNet    = "203.0.113."
)

// lookout is where a test looks for what is left of people: everything that
// the engine and the disk hold, and the bucket when there is one.
type lookout struct {
	engine  string
	data    string
	objects func() []string // of the bucket, nil without one
}

// watched is a configuration whose engine a test can look into.
func watched(t *testing.T, more map[string]any) (settings string, l *lookout) {
	t.Helper()
	ports, err := rig.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{
		"engine": map[string]any{"listen": ports[0], "token": engineToken},
		"http":   map[string]any{"trustedProxies": []string{"127.0.0.1/32"}},
		"limits": map[string]any{"ipSessionsPerHour": 0, "sessionDaily": 100, "sessionActive": 50},
	}
	maps.Copy(all, more)
	return config(t, "latency=50ms&steps=2&seed=1", all), &lookout{engine: "nats://" + ports[0], data: t.TempDir()}
}

// place is something that is kept, and where.
type place struct {
	where string
	what  []byte
	gone  bool // says only, for a minute, that something is not there any more
}

// places lists everything.
func (l *lookout) places(t *testing.T) (all []place) {
	t.Helper()
	messages, err := enginetest.Messages(t.Context(), l.engine, engineToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		all = append(all, place{m.Stream + " " + m.Subject, fmt.Appendf(m.Data, "%v", m.Header), m.Marker()})
	}
	all = append(all, l.files(t)...)
	if l.objects != nil {
		for _, name := range l.objects() {
			all = append(all, place{where: "bucket " + name})
		}
	}
	return all
}

// files are those of the data directory but the engine's own, which are read
// through it.
func (l *lookout) files(t *testing.T) (all []place) {
	t.Helper()
	err := filepath.WalkDir(l.data, func(path string, e fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err): // swept meanwhile
			return nil
		case err != nil:
			return err
		case e.IsDir() && path == filepath.Join(l.data, "engine"):
			return filepath.SkipDir
		}
		p := place{where: "file " + strings.TrimPrefix(path, l.data)}
		if e.Type().IsRegular() {
			if p.what, err = os.ReadFile(path); os.IsNotExist(err) {
				return nil
			}
		}
		all = append(all, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// trail is a person who did everything that leaves something behind.
type trail struct {
	*person
	made  client.Task
	half  string   // where an upload goes on that they gave up
	marks []string // what tells of them, wherever it is found
}

// leave does it all.
func leave(t *testing.T, d *dev) *trail {
	t.Helper()
	p := &trail{person: newPerson(t, d, 1)}
	wish := p.wish(1)
	wish.Key, wish.Options.Note = theirKey, theirNote
	made, err := p.Submit(t.Context(), wish)
	if err != nil {
		t.Fatal(err)
	}
	p.made = p.finish(t, made.TaskID)
	if err := p.Feedback(t.Context(), made.TaskID, "like"); err != nil {
		t.Fatal(err)
	}
	other, err := p.Regenerate(t.Context(), made.TaskID, client.Again{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := follow(t.Context(), p.Session, other.TaskID, 0, atTheEnd); err != nil {
		t.Fatal(err)
	}
	wish.Key = ""
	cached, err := p.Submit(t.Context(), wish)
	if err != nil || !cached.Cached {
		t.Fatalf("cached = %+v, err = %v", cached, err)
	}
	deleted := p.submit(t, 2)
	p.finish(t, deleted.TaskID)
	if _, err := p.Delete(t.Context(), deleted.TaskID); err != nil {
		t.Fatal(err)
	}
	p.marks = append(p.marks, string(p.ID()), string(p.upload.UploadID), theirNote, theirKey, theirNet)
	for _, id := range []task.ID{made.TaskID, cached.TaskID, other.TaskID, deleted.TaskID} {
		p.marks = append(p.marks, string(id))
	}
	p.send(t, d)
	return p
}

// send leaves uploads in every state, under the address of a person.
func (p *trail) send(t *testing.T, d *dev) {
	t.Helper()
	whole, err := photo.JPEG(9, 900, 700, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	tus := pieces{d.public[0], whole}
	finished := tus.create(t, p.Session, nil)
	tus.send(t, finished.Get("Location"), len(whole))
	tus.complete(t, p.Session, finished.Get("Upload-Id"))
	cut := tus.create(t, p.Session, whole[:len(whole)/2])
	p.half = cut.Get("Location")
	raw, err := p.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(len(whole)), Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.api.Put(t.Context(), raw, whole); err != nil {
		t.Fatal(err)
	}
	p.marks = append(p.marks, finished.Get("Upload-Id"), cut.Get("Upload-Id"), string(raw.UploadID))
	body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q}`, p.upload.UploadID, styleID, placeID)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.public[0]+"/tasks", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + p.Token(), "Content-Type": "application/json", "X-Forwarded-For": theirIP} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("from %s: %d", theirIP, resp.StatusCode)
	}
}

// left names the places that tell of the person. What only says that
// something is gone counts for nothing.
func (l *lookout) left(t *testing.T, marks []string) (where []string) {
	t.Helper()
	for _, p := range l.places(t) {
		if p.gone {
			continue
		}
		for _, m := range marks {
			if strings.Contains(p.where, m) || bytes.Contains(p.what, []byte(m)) {
				where = append(where, p.where+" ("+m+")")
				break
			}
		}
	}
	return where
}

// wantEverywhere makes sure that the search finds what is there.
func (l *lookout) wantEverywhere(t *testing.T, marks []string, places ...string) {
	t.Helper()
	found := l.left(t, marks)
	for _, want := range places {
		if !slices.ContainsFunc(found, func(where string) bool { return strings.HasPrefix(where, want) }) {
			t.Errorf("nothing in %q before the retention ends; found %q", want, found)
		}
	}
}

// wantNothing waits until no place tells of the person.
func (l *lookout) wantNothing(t *testing.T, marks []string, patience time.Duration) {
	t.Helper()
	if err := within(patience, func() error {
		if left := l.left(t, marks); len(left) > 0 {
			return fmt.Errorf("%d places tell of a person: %q", len(left), left[:min(len(left), 20)])
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// kill ends dev and everything that it started, as a power cut would.
func (d *dev) kill() {
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	<-d.done
}
