package storetest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Run asks everything of the drivers that open makes; each gets an empty
// place of its own.
func Run(t *testing.T, open func(t *testing.T) store.Driver) {
	for name, check := range map[string]func(*testing.T, store.Driver){
		"WhatWasPutIsRead":            whatWasPutIsRead,
		"APutReplaces":                aPutReplaces,
		"ABrokenPutLeavesNothing":     aBrokenPutLeavesNothing,
		"MissingObjectsAreNotFound":   missingObjectsAreNotFound,
		"DeleteSaysWhetherItWasThere": deleteSaysWhetherItWasThere,
		"PrefixesEndAtSlashes":        prefixesEndAtSlashes,
		"ObjectsAreListed":            objectsAreListed,
		"ReadersCanSeek":              readersCanSeek,
		"ACopyOutlivesItsSource":      aCopyOutlivesItsSource,
		"OldObjectsAreSwept":          oldObjectsAreSwept,
		"OldRawPhotosAreSwept":        oldRawPhotosAreSwept,
		"WritersDoNotMix":             writersDoNotMix,
		"AFileBecomesAnObject":        aFileBecomesAnObject,
		"AProbeFindsNothingWrong":     aProbeFindsNothingWrong,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func aProbeFindsNothingWrong(t *testing.T, d store.Driver) {
	c := store.Defaults()
	c.InternalURL = "http://127.0.0.1:8080"
	s, err := store.New(c, store.Deps{Driver: d})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Probe(t.Context()); err != nil {
			t.Error(err)
		}
	}
	objects := 0
	for _, err := range d.List(t.Context(), "") {
		if objects++; err != nil {
			t.Error(err)
		}
	}
	if objects > 1 {
		t.Errorf("three probes left %d objects", objects)
	}
}

func put(t *testing.T, d store.Driver, key, body string) {
	t.Helper()
	n, err := d.Put(t.Context(), key, strings.NewReader(body))
	if err != nil || n != int64(len(body)) {
		t.Fatalf("put %s: n = %d, err = %v", key, n, err)
	}
}

func read(t *testing.T, d store.Driver, key string) (string, store.Info) {
	t.Helper()
	r, info, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer func() { _ = r.Close() }()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(body), info
}

func wantMissing(t *testing.T, d store.Driver, key string) {
	t.Helper()
	if _, err := d.Stat(t.Context(), key); fault.KindOf(err) != fault.NotFound || err == nil {
		t.Errorf("%s: want it gone, stat says %v", key, err)
	}
}

func whatWasPutIsRead(t *testing.T, d store.Driver) {
	for _, body := range []string{"", "a heron", strings.Repeat("0123456789abcdef", 1<<16)} {
		key := task.NewID() + "/tasks/" + task.NewID() + "/1.jpg"
		put(t, d, key, body)
		got, info := read(t, d, key)
		if got != body || info.Size != int64(len(body)) {
			t.Errorf("read %d bytes, size %d, want %d", len(got), info.Size, len(body))
		}
		if age := time.Since(info.ModTime); age < -time.Minute || age > time.Minute {
			t.Errorf("a new object is %v old", age)
		}
		stat, err := d.Stat(t.Context(), key)
		if err != nil || stat.ETag != info.ETag || len(stat.ETag) < 3 || stat.ETag[0] != '"' {
			t.Errorf("stat = %+v, err = %v, open said %+v", stat, err, info)
		}
	}
}

func aPutReplaces(t *testing.T, d store.Driver) {
	key := task.NewID() + "/uploads/" + task.NewID() + "/photo.jpg"
	put(t, d, key, "first")
	_, before := read(t, d, key)
	put(t, d, key, "second one")
	got, after := read(t, d, key)
	if got != "second one" || before.ETag == after.ETag {
		t.Errorf("read %q, tags %s and %s", got, before.ETag, after.ETag)
	}
}

func aBrokenPutLeavesNothing(t *testing.T, d store.Driver) {
	key := task.NewID() + "/uploads/" + task.NewID() + "/raw"
	broken := fault.Wrap(fault.UploadTooLarge, errors.New("broken"))
	_, err := d.Put(t.Context(), key, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if fault.KindOf(err) != fault.TooLarge {
		t.Errorf("kind = %v, want the reader's own (err: %v)", fault.KindOf(err), err)
	}
	wantMissing(t, d, key)
}

func missingObjectsAreNotFound(t *testing.T, d store.Driver) {
	key := task.NewID() + "/tasks/x/1.jpg"
	wantMissing(t, d, key)
	if _, _, err := d.Open(t.Context(), key); fault.CodeOf(err) != fault.ObjectNotFound {
		t.Errorf("open: %v", err)
	}
	if err := d.Copy(t.Context(), key, task.NewID()+"/tasks/x/1.jpg"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("copy: %v", err)
	}
}

func deleteSaysWhetherItWasThere(t *testing.T, d store.Driver) {
	key := task.NewID() + "/tasks/x/1.jpg"
	put(t, d, key, "x")
	for _, want := range []bool{true, false} {
		if existed, err := d.Delete(t.Context(), key); err != nil || existed != want {
			t.Errorf("existed = %v, err = %v, want %v", existed, err, want)
		}
	}
	wantMissing(t, d, key)
}

func prefixesEndAtSlashes(t *testing.T, d store.Driver) {
	a, b := task.NewID(), task.NewID()
	for _, key := range []string{a + "/tasks/t1/1.jpg", a + "/tasks/t1/1.thumb.jpg", a + "/tasks/t10/1.jpg", a + "/uploads/u/raw", b + "/tasks/t1/1.jpg"} {
		put(t, d, key, "x")
	}
	for _, step := range []struct {
		prefix string
		want   int
	}{{a + "/tasks/t1/", 2}, {a + "/tasks/t1/", 0}, {a + "/", 2}, {task.NewID() + "/", 0}} {
		if n, err := d.DeletePrefix(t.Context(), step.prefix); err != nil || n != step.want {
			t.Errorf("%s: n = %d, err = %v, want %d", step.prefix, n, err, step.want)
		}
	}
	if got, _ := read(t, d, b+"/tasks/t1/1.jpg"); got != "x" {
		t.Error("another session's object was touched")
	}
	put(t, d, a+"/tasks/t1/2.jpg", "again")
}

func objectsAreListed(t *testing.T, d store.Driver) {
	a, b := task.NewID(), task.NewID()
	all := []string{a + "/others.json", a + "/tasks/t1/1.jpg", a + "/tasks/t10/1.jpg", a + "/uploads/u/raw", b + "/tasks/t1/1.jpg"}
	for _, key := range all {
		put(t, d, key, "four")
	}
	for prefix, want := range map[string][]string{"": all, a + "/": all[:4], a + "/tasks/": all[1:3], a + "/tasks/t1/": all[1:2], b + "/uploads/": nil} {
		var got []string
		for e, err := range d.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			if age := time.Since(e.ModTime); e.Size != 4 || age < -time.Minute || age > time.Minute {
				t.Errorf("entry = %+v", e)
			}
			got = append(got, e.Key)
		}
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", prefix, got, want)
		}
	}
	for _, err := range d.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // whoever has seen enough may leave
	}
}

func readersCanSeek(t *testing.T, d store.Driver) {
	key := task.NewID() + "/tasks/x/1.jpg"
	put(t, d, key, "0123456789")
	r, _, err := d.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if _, err := r.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "789" {
		t.Errorf("rest = %q, err = %v", rest, err)
	}
}

func aCopyOutlivesItsSource(t *testing.T, d store.Driver) {
	from, to := task.NewID()+"/tasks/x/1.jpg", task.NewID()+"/tasks/y/0.jpg"
	put(t, d, from, "picture")
	_, source := read(t, d, from)
	for range 2 { // again changes nothing
		if err := d.Copy(t.Context(), from, to); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Delete(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	got, copied := read(t, d, to)
	if got != "picture" {
		t.Errorf("copy = %q", got)
	}
	if !copied.ModTime.Equal(source.ModTime) {
		t.Errorf("the copy is of %v, its source of %v", copied.ModTime, source.ModTime)
	}
}

func oldObjectsAreSwept(t *testing.T, d store.Driver) {
	key := task.NewID() + "/tasks/x/1.jpg"
	put(t, d, key, "x")
	if n, err := d.Sweep(t.Context(), time.Now().Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("young: n = %d, err = %v", n, err)
	}
	if got, _ := read(t, d, key); got != "x" {
		t.Error("a young object is gone")
	}
	if n, err := d.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("old: n = %d, err = %v", n, err)
	}
	wantMissing(t, d, key)
}

func oldRawPhotosAreSwept(t *testing.T, d store.Driver) {
	upload := task.NewID() + "/uploads/x/"
	put(t, d, upload+"raw", "x")
	put(t, d, upload+"photo.jpg", "x")
	if n, err := d.SweepRaw(t.Context(), time.Now().Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("young: n = %d, err = %v", n, err)
	}
	if n, err := d.SweepRaw(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("old: n = %d, err = %v", n, err)
	}
	wantMissing(t, d, upload+"raw")
	if got, _ := read(t, d, upload+"photo.jpg"); got != "x" {
		t.Error("the judged photo is gone")
	}
}

func writersDoNotMix(t *testing.T, d store.Driver) {
	key := task.NewID() + "/tasks/x/1.jpg"
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for range 20 {
				body := bytes.Repeat([]byte{byte('a' + i)}, 4096)
				if _, err := d.Put(t.Context(), key, bytes.NewReader(body)); err != nil {
					t.Error(err)
				}
				_, _ = d.DeletePrefix(t.Context(), key[:26]+"/other/")
			}
		})
	}
	writers.Wait()
	got, _ := read(t, d, key)
	if strings.Trim(got, got[:1]) != "" || len(got) != 4096 {
		t.Error("two writers are mixed in one object")
	}
}
