package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	shortRetention = 5 * time.Second
	sweptWithin    = 10 * time.Second // after it, also on a busy machine
)

func short(more map[string]any) map[string]any {
	all := map[string]any{"retention": shortRetention.String()}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// The gateway does not run when the time comes: the next one finds what is due.
func TestNothingOfAPersonOutlivesTheRetention(t *testing.T) {
	t.Parallel()
	settings, l := watched(t, short(nil))
	first := start(t, l.data, "--config", settings)
	p := leave(t, first)
	last := time.Now()
	l.wantEverywhere(t, p.marks, "TASKS t.", "B_uploads b.uploads.", "B_cache b.cache.", "B_feedback b.feedback.", "B_erasing b.erasing.",
		"file /objects/", "file /partial/")
	first.kill()
	<-time.After(time.Until(last.Add(shortRetention + shortRetention/5))) // nobody is there to say that the time has come
	if kept := l.files(t); len(kept) < 10 {
		t.Errorf("somebody swept without a gateway: %v", kept)
	}

	second := start(t, l.data, "--config", settings)
	p.Session = p.Via(second.api(t, 0))
	l.wantNothing(t, p.marks, sweptWithin)
	p.wantForgotten(t, second)
}

// wantForgotten asks for all of it by every way.
func (p *trail) wantForgotten(t *testing.T, d *dev) {
	t.Helper()
	if _, err := p.Get(t.Context(), p.made.TaskID); client.Code(err) != "task_not_found" {
		t.Errorf("the task: %v", err)
	}
	if _, err := p.GetUpload(t.Context(), p.upload.UploadID); client.Code(err) != "upload_not_found" {
		t.Errorf("the photo: %v", err)
	}
	if page, _, err := p.List(t.Context(), 0, ""); err != nil || len(page) > 0 {
		t.Errorf("tasks: %v, %v", page, err)
	}
	pieces{base: d.public[0]}.do(t, http.MethodHead, strings.TrimPrefix(p.half, d.public[0]), nil, http.StatusGone)
	if out := d.must(t, "storage", "usage", "-o", "json"); !strings.Contains(out, `"objects": 0`) || strings.Contains(out, `"objects": 1`) {
		t.Errorf("storage usage says %s", out)
	}
}

// The same in a bucket, and while the gateway runs. The mock costs money here,
// so that the ledger has something to say.
func TestNothingOfAPersonIsLeftInABucket(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	settings, l := watched(t, short(map[string]any{
		"providers": []map[string]any{{"name": "mock", "kind": "mock", "model": "latency=50ms&steps=2&seed=1", "priceFen": 20}},
		"store":     bucketOf(s),
	}))
	l.objects = func() []string { return s.Objects(t, bucketName) }
	d := start(t, l.data, "--config", settings)
	p := leave(t, d)
	l.wantEverywhere(t, p.marks, "TASKS t.", "B_uploads b.uploads.", "file /partial/", "bucket uploads/", "bucket results/")
	<-time.After(shortRetention) // nothing says that the time has come
	l.wantNothing(t, p.marks, sweptWithin)
	p.wantForgotten(t, d)
}

// crowd puts many objects of a session on the disk. They share their age, which
// begins when all are there. touched tells whether a name came or went since
// it was asked before: it takes one look at the directory, where counting
// reads all of it.
func crowd(t *testing.T, data string, s task.SessionID) (count func() int, touched func() bool) {
	t.Helper()
	store, err := disk.Open(disk.Config{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	first := string(s) + "/tasks/crowd/0.jpg"
	if _, err := store.Put(t.Context(), first, strings.NewReader("a picture")); err != nil {
		t.Fatal(err)
	}
	aged := func(begin time.Time) {
		if err := os.Chtimes(filepath.Join(data, "objects", string(s)[:2], string(s), "tasks~crowd~0.jpg"), begin, begin); err != nil {
			t.Fatal(err)
		}
	}
	aged(time.Now().Add(time.Hour))
	for i := 1; i < crowdSize; i++ {
		if err := store.Copy(t.Context(), first, fmt.Sprintf("%s/tasks/crowd/%d.jpg", s, i)); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(data, "objects", string(s)[:2], string(s))
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	seen := before.ModTime()
	aged(time.Now())
	count = func() int {
		found, err := filepath.Glob(filepath.Join(dir, "tasks~crowd~*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	return count, func() bool {
		now, err := os.Stat(dir)
		if err != nil {
			return true // it went as a whole
		}
		changed := !now.ModTime().Equal(seen)
		seen = now.ModTime()
		return changed
	}
}

const crowdSize = 20_000

// killHalfWay kills dev when it has removed some of a crowd. It stands still
// while they are counted, so that it cannot end its work meanwhile.
func killHalfWay(t *testing.T, d *dev, size int, count func() int, touched func() bool, patience time.Duration) {
	t.Helper()
	group := -d.cmd.Process.Pid
	timeout := time.After(patience)
	for look := time.NewTicker(time.Millisecond); ; {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatalf("nothing was removed of %d", count())
		}
		if !touched() {
			continue
		}
		if err := syscall.Kill(group, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if count() < size {
			break
		}
		if err := syscall.Kill(group, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	d.kill()
	left := count()
	if left == 0 || left == size {
		t.Fatalf("%d of %d objects were left by the kill", left, size)
	}
	t.Logf("killed with %d of %d objects left", left, size)
}

// wantEmpty waits until nothing is left of a crowd: counting it is cheaper
// than reading it.
func wantEmpty(t *testing.T, count func() int, patience time.Duration) {
	t.Helper()
	if err := within(patience, func() error {
		if n := count(); n > 0 {
			return fmt.Errorf("%d objects are left", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestASweepThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	settings, l := watched(t, map[string]any{"retention": "3s"})
	first := start(t, l.data, "--config", settings)
	s, err := first.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count, touched := crowd(t, l.data, s.ID())
	killHalfWay(t, first, crowdSize, count, touched, shortRetention+sweptWithin)
	start(t, l.data, "--config", settings)
	wantEmpty(t, count, sweptWithin)
	l.wantNothing(t, []string{string(s.ID())}, sweptWithin)
}

// A bucket removes a page of names at a time; the kill comes between pages, or
// while the bucket is at one that nobody waits for any more.
func TestASweepOfABucketThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	data, settings := t.TempDir(), config(t, "latency=50ms&steps=2&seed=1", map[string]any{"retention": "1s", "store": bucketOf(s)})
	first := start(t, data, "--config", settings)
	const size = 2_500
	s.Fill(t, bucketName, "results/"+task.NewID()+"/crowd", size)
	count := func() int { // not of what gateways probe the bucket with
		return len(slices.DeleteFunc(s.Objects(t, bucketName), func(key string) bool { return strings.Contains(key, "/probe/") }))
	}
	killHalfWay(t, first, size, count, func() bool { return count() < size }, shortRetention+sweptWithin)
	start(t, data, "--config", settings)
	wantEmpty(t, count, sweptWithin)
}

// A person who leaves cannot ask again: their token is dead. What stays is
// the mark that says so, and the notes of the removal.
func TestADeletionThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	settings, l := watched(t, nil)
	first := start(t, l.data, "--config", settings)
	p := leave(t, first)
	count, touched := crowd(t, l.data, p.ID())
	go func() { _, _ = p.Erase(t.Context()) }() // it gets no answer
	killHalfWay(t, first, crowdSize, count, touched, sweptWithin)
	second := start(t, l.data, "--config", settings)
	wantEmpty(t, count, cutShort+sweptWithin)
	if err := within(sweptWithin, func() error {
		for _, where := range l.left(t, p.marks) {
			switch {
			case strings.HasPrefix(where, "B_erased b.erased."), strings.HasPrefix(where, "B_erasing b.erasing."):
			case strings.HasPrefix(where, "B_uploads b.uploads.") && strings.Contains(where, ".gone."):
			case strings.HasPrefix(where, "TASKS t."): // tombstones
			default:
				return fmt.Errorf("left: %s", where)
			}
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	l.wantTombstones(t, p)
	if _, err := p.Via(second.api(t, 0)).Quota(t.Context()); client.Code(err) != "session_erased" {
		t.Errorf("the token of an erased session: %v", err)
	}
}

// cutShort is when a removal that has not ended is taken over, and how often
// a gateway looks.
const cutShort = 15 * time.Second

// wantTombstones finds nothing but ids, times and costs in what is left of an
// erased person's tasks.
func (l *lookout) wantTombstones(t *testing.T, p *trail) {
	t.Helper()
	for _, place := range l.places(t) {
		if !strings.HasPrefix(place.where, "TASKS t."+string(p.ID())) {
			continue
		}
		said := string(place.what)
		if !strings.Contains(said, `"deleted":true`) {
			t.Errorf("not a tombstone: %s", said)
		}
		for _, word := range []string{theirNote, theirKey, theirNet, string(p.upload.UploadID), styleID, placeID, "sha256", ".jpg"} {
			if strings.Contains(said, word) {
				t.Errorf("a tombstone says %q: %s", word, said)
			}
		}
	}
}
