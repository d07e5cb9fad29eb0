package intake

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAnEqualRequestIsAnsweredFromTheCache(t *testing.T) {
	t.Parallel()
	f := open(t)
	first := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	a, err := f.Submit(t.Context(), f.request("again"))
	if err != nil {
		t.Fatal(err)
	}
	r := a.Record
	if !r.Cached || r.State != task.Succeeded || r.Version != 1 || r.Progress != 100 || r.ID == first.ID || r.Seed != first.Seed {
		t.Errorf("record = %+v", r)
	}
	if !strings.HasPrefix(r.Result.ImageKey, string(f.id)+"/tasks/"+string(r.ID)+"/") || f.store.copied[r.Result.ImageKey] != first.Result.ImageKey {
		t.Errorf("result = %+v, copied %v", r.Result, f.store.copied)
	}
	if got, err := f.Get(t.Context(), f.id, r.ID); err != nil || !got.Cached {
		t.Errorf("got %+v, %v", got, err)
	}
	if a, err := f.Submit(t.Context(), f.request("again")); err != nil || !a.Replayed || a.Record.ID != r.ID {
		t.Errorf("replay: %+v, %v", a, err)
	}
	if used, active := f.used(t); used != 1 || active != 0 {
		t.Errorf("a cached answer is not free: used %d, active %d", used, active)
	}
	samePhoto := f.request("")
	samePhoto.Upload = f.uploads.add(f.id, "sha256:heron", upload.Ready)
	if r := f.submit(t, samePhoto); !r.Cached {
		t.Error("the same photo uploaded again is not recognised")
	}
}

func TestTheCacheKnowsDifferences(t *testing.T) {
	t.Parallel()
	f := open(t)
	seed := int64(7)
	f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	stranger := session.ID(task.NewID())
	theirs := f.uploads.add(stranger, "sha256:heron", upload.Ready)
	for name, change := range map[string]func(*Request){
		"style": func(r *Request) { r.Style = "pixel" },
		"place": func(r *Request) { r.Place = "wall" },
		"seed":  func(r *Request) { r.Options.Seed = &seed },
		"steps": func(r *Request) { r.Options.Steps = 9 },
		"note":  func(r *Request) { r.Options.Note = "x" },
		"photo": func(r *Request) { r.Upload = f.uploads.add(f.id, "sha256:crane", upload.Ready) },
		"owner": func(r *Request) { r.Session, r.Upload = stranger, theirs },
	} {
		r := f.request("")
		change(&r)
		if f.submit(t, r).Cached {
			t.Errorf("%s: answered from the cache", name)
		}
	}
	f.policy.catalog.Version++
	if f.submit(t, f.request("")).Cached {
		t.Error("an older catalogue's picture is given")
	}
}

func TestCachedAnswersDieWithTheirSource(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]func(*fixture, *task.Record) error{
		"task": func(f *fixture, r *task.Record) error { _, err := f.queue.Erase(t.Context(), f.id, r.ID); return err },
		"photo": func(f *fixture, r *task.Record) error {
			f.uploads.remove(r.Upload)
			f.photo = f.uploads.add(f.id, "sha256:heron", upload.Ready)
			return nil
		},
		"picture": func(f *fixture, _ *task.Record) error {
			f.store.err = fault.New(fault.ObjectNotFound)
			return nil
		},
		"purge": func(f *fixture, _ *task.Record) error { _, err := f.PurgeCache(t.Context(), "", ""); return err },
		"erase": func(f *fixture, r *task.Record) error { return f.Erase(t.Context(), r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
			if err := kill(f, r); err != nil {
				t.Fatal(err)
			}
			if f.submit(t, f.request("")).Cached {
				t.Error("answered from the cache")
			}
		})
	}
}

func TestDegradedAndFailedResultsAreNotCached(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.finish(t, f.submit(t, f.request("")).ID, task.Failed)
	id := f.submit(t, f.request("")).ID
	j, _, _ := f.queue.Job(t.Context(), f.id, id)
	r := j.Accepted()
	r.State, r.Degraded = task.Succeeded, true
	if err := f.Settle(t.Context(), j, r); err != nil {
		t.Fatal(err)
	}
	if f.submit(t, f.request("")).Cached {
		t.Error("answered from the cache")
	}
}

func TestOtherGatewaysHearOfCachedAnswers(t *testing.T) {
	t.Parallel()
	f := open(t)
	other, err := Open(t.Context(), Defaults(), Deps{
		Engine: f.engine, Queue: f.queue, Uploads: f.uploads, Quota: f.quota, Limiter: ratelimit.New(limit.Defaults, nil),
		Text: fakeText{}, Policy: f.policy, Store: f.store,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	eventually(t, "the mirror is whole", other.cache.mirror.Sighted)
	r := f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	key := string(f.id) + "." + cacheKey(r.Fingerprint, r.Style, r.Place, r.Options, r.CatalogVersion, r.Arm, r.BrandMark)
	eventually(t, "the mirror hears", func() bool { return other.cache.maybe(key) })
	a, err := other.Submit(t.Context(), f.request(""))
	if err != nil || !a.Record.Cached {
		t.Errorf("a = %+v, err = %v", a.Record, err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}

func TestOperatorsSeeAndPurgeTheCache(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.finish(t, f.submit(t, f.request("")).ID, task.Succeeded)
	r := f.request("")
	r.Style = "pixel"
	f.finish(t, f.submit(t, r).ID, task.Succeeded)
	if entries, sessions, err := f.CacheStats(t.Context()); err != nil || entries != 2 || sessions != 1 {
		t.Errorf("%d entries of %d sessions, err = %v", entries, sessions, err)
	}
	for _, c := range []struct {
		session session.ID
		style   string
		want    int
	}{{session.ID(task.NewID()), "", 0}, {"", "ink", 1}, {f.id, "", 1}, {"", "", 0}} {
		if n, err := f.PurgeCache(t.Context(), c.session, c.style); n != c.want || err != nil {
			t.Errorf("%+v: %d removed, err %v", c, n, err)
		}
	}
}
