package task

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
)

func TestIdsAreOpaqueUniqueAndSafe(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if !ValidID(id) || seen[id] {
			t.Fatalf("id %q: valid %v, seen %v", id, ValidID(id), seen[id])
		}
		seen[id] = true
	}
	for _, bad := range []string{
		"", "short", "UPPERCASEUPPERCASEUPPERCAS", "../../../../../../../../..", "aaaaaaaaaaaaaaaaaaaaaaaa.a",
		"aaaaaaaaaaaaaaaaaaaaaaaaa*", "aaaaaaaaaaaaaaaaaaaaaaaaa>", "aaaaaaaaaaaaaaaaaaaaaaaaa\x00", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", "ééééééééééééé",
	} {
		if ValidID(bad) {
			t.Errorf("%q passed for an id", bad)
		}
	}
}

func TestTheSamePartsGiveTheSameID(t *testing.T) {
	t.Parallel()
	a := DeriveID("session", "route", "key")
	if !ValidID(a) || a != DeriveID("session", "route", "key") {
		t.Errorf("id = %q", a)
	}
	for _, other := range [][]string{{"session", "route", "Key"}, {"session", "routekey"}, {"sessionroute", "key"}, {"session", "route", "key", ""}} {
		if DeriveID(other...) == a {
			t.Errorf("%q gives the same id", other)
		}
	}
}

func TestAJobImpliesItsFirstRevision(t *testing.T) {
	t.Parallel()
	now, seed := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), int64(0)
	j := &Job{
		ID: "t", Session: "s", CreatedAt: now, Deadline: now.Add(time.Hour), ExpiresAt: now.Add(24 * time.Hour), BodyHash: "h",
		Upload: "u", Fingerprint: "sha256:x", PhotoKey: "k", Style: catalog.Style{ID: "ink-wash"}, Place: catalog.Place{ID: "moon"},
		Options: Options{Seed: &seed}, Seed: 0, CatalogVersion: 3,
	}
	r := j.Accepted()
	if r.Version != 1 || r.State != Queued || r.Event != EventQueued || r.Stage != StageQueued || r.Progress != 0 || r.Started() || r.Running() != nil {
		t.Errorf("record = %+v", r)
	}
	if r.ID != j.ID || r.Session != j.Session || r.Style != "ink-wash" || r.Place != "moon" || r.Deadline != j.Deadline || r.ExpiresAt != j.ExpiresAt ||
		r.BodyHash != "h" || r.Upload != "u" || r.Fingerprint != "sha256:x" || r.PhotoKey != "k" || r.CatalogVersion != 3 || !r.CreatedAt.Equal(now) {
		t.Errorf("record = %+v does not say what the job says", r)
	}
}

func TestOnlyTheLastAttemptCanBeRunning(t *testing.T) {
	t.Parallel()
	r := &Record{Attempts: []Attempt{{Number: 1, Outcome: Rejected}, {Number: 2}}}
	if a := r.Running(); a == nil || a.Number != 2 || !r.Started() {
		t.Errorf("running = %+v", a)
	}
	r.Running().Outcome = OK
	if a := r.Running(); a != nil {
		t.Errorf("running = %+v after its outcome", a)
	}
}

func TestAZeroSeedIsASeed(t *testing.T) {
	t.Parallel()
	zero := int64(0)
	for text, want := range map[string]Options{`{}`: {}, `{"seed":0}`: {Seed: &zero}} {
		var got Options
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads %+v, %v", text, got, err)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("%s is written %s, %v", text, back, err)
		}
	}
}

func FuzzRecordsRoundTrip(f *testing.F) {
	f.Add([]byte(`{"id":"t","version":3,"state":"running","attempts":[{"number":1}]}`))
	f.Add([]byte(`{"deleted":true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, b Record
		if json.Unmarshal(data, &a) != nil {
			return
		}
		first, err := json.Marshal(&a)
		if err != nil {
			return // a time or a number that JSON cannot hold
		}
		if err := json.Unmarshal(first, &b); err != nil {
			t.Fatal(err)
		}
		if second, err := json.Marshal(&b); err != nil || string(first) != string(second) {
			t.Errorf("%s became %s (%v)", first, second, err)
		}
	})
}
