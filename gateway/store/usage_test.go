package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
)

func TestWhatIsKeptIsCountedByKind(t *testing.T) {
	t.Parallel()
	s := open(t, config())
	session, _ := fill(t, s)
	if _, err := s.Put(t.Context(), session+"/uploads/v/raw", strings.NewReader("four"), 4); err != nil {
		t.Fatal(err)
	}
	u, err := s.Usage(t.Context(), store.Scan{Objects: 100, Time: time.Minute})
	if err != nil || !u.Complete {
		t.Fatalf("usage = %+v, err = %v", u, err)
	}
	for kind, want := range map[store.Kind][2]int64{
		store.Original: {1, 4}, store.Photo: {1, 1}, store.Result: {2, 2}, store.Thumbnail: {1, 1}, store.Manifest: {1, 1}, store.Other: {},
	} {
		if h := u.Held[kind]; int64(h.Objects) != want[0] || h.Bytes != want[1] || h.ByAge[0] != want[1] {
			t.Errorf("%s: %+v, want %v", kind, h, want)
		}
	}
	if space, ok, err := s.Space(); !ok || err != nil || space.Total <= 0 {
		t.Errorf("space = %+v, %v, %v", space, ok, err)
	}
}

func TestACountIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, config())
	fill(t, s)
	u, err := s.Usage(t.Context(), store.Scan{Objects: 3, Time: time.Minute})
	n := 0
	for _, h := range u.Held {
		n += h.Objects
	}
	if err != nil || u.Complete || n != 3 {
		t.Errorf("%d objects, usage = %+v, err = %v, want three and not complete", n, u, err)
	}
}

func TestBytesAreDividedByAge(t *testing.T) {
	t.Parallel()
	var h store.Held
	now := time.Now()
	for i, age := range []time.Duration{0, time.Hour, 6 * time.Hour, 24 * time.Hour} {
		h.Add(1<<i, now.Add(-age), now)
	}
	if h.ByAge != [4]int64{1, 2, 4, 8} || h.Bytes != 15 || !h.Oldest.Equal(now.Add(-24*time.Hour)) {
		t.Errorf("held = %+v", h)
	}
}
