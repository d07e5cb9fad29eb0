package upload

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// used is what a session has declared and may still send, as its limit counts.
func (f *fixture) used(t *testing.T, s session.ID) (bytes int64) {
	t.Helper()
	e, err := f.bucket.Get(t.Context(), string(s)+usageSuffix)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return 0
	}
	var all usage
	if err := errors.Join(err, json.Unmarshal(e.Value, &all)); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		bytes += s.Bytes
	}
	return bytes
}

func TestABodyThatBeganIsPromisedItsRoom(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	s := f.sending(t, f.Uploads, up, "12")
	_, _ = s.Write(nil) // the next read began, so that the first is over
	if p := f.room.Promised(); p != 3 {
		t.Errorf("%d bytes are promised, 3 are to come", p)
	}
	_ = s.Close()
	wantCode(t, <-s.ended, fault.Invalid, fault.UploadSizeMismatch)
	if p := f.room.Promised(); p != 0 {
		t.Errorf("%d bytes are promised to nobody", p)
	}
}

func TestWhatHasNoRoomIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.MaxUploadBytes, l.SessionUploadBytes = 0, 0 })
	r := request("x")
	r.Size = 1 << 60
	_, _, err := f.Create(t.Context(), f.id, r)
	wantCode(t, err, fault.Unavailable, fault.StorageFull)
	up := f.create(t, "12345")
	free, _, err := room.Disk(f.dir)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := f.room.Promise(free - 1<<20) // all but a little
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Return()
	r.Size = 1 << 30
	_, _, err = f.Create(t.Context(), f.id, r)
	wantCode(t, err, fault.Unavailable, fault.StorageFull)
	g := f.grant(t, up)
	g.Size = 1 << 30
	err = f.Receive(t.Context(), g, strings.NewReader("12345"), -1, func() {})
	wantCode(t, err, fault.Unavailable, fault.StorageFull)
}

// A declaration whose record cannot be written is none: its bytes do not count.
func TestADeclarationThatFailsTakesItsBytesBack(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.SessionUploadBytes = 1 << 20 })
	asked, cancel := context.WithCancel(t.Context())
	f.tell = func() {
		if f.used(t, f.id) > 0 {
			cancel() // after the bytes were counted, before the record is written
		}
	}
	if _, _, err := f.Create(asked, f.id, request("12345")); err == nil {
		t.Fatal("it was written")
	}
	f.tell = nil
	if n := f.used(t, f.id); n != 0 {
		t.Errorf("%d bytes count for nothing", n)
	}
}

// Uploads of some people are declared, sent, cut, replaced, completed, removed
// and erased, in any order and at the same time. In the end nothing is promised,
// and what counts for a session are the uploads that it has.
func TestWhateverBecomesOfBodiesNothingStaysPromised(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.SessionUploadBytes = 1 << 30 })
	people := []session.ID{session.ID(task.NewID()), session.ID(task.NewID()), session.ID(task.NewID())}
	var work sync.WaitGroup
	for i := range uint64(8) {
		work.Go(func() {
			dice := rand.New(rand.NewPCG(i, 35))
			for range 15 {
				f.anything(t, people[dice.IntN(len(people))], dice)
			}
		})
	}
	work.Wait()
	if p := f.room.Promised(); p != 0 {
		t.Errorf("%d bytes are promised to nobody", p)
	}
	if len(f.running.bodies) != 0 {
		t.Errorf("%d uploads are still coming", len(f.running.bodies))
	}
	for _, s := range people {
		all, err := f.List(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for _, up := range all {
			want += up.Size
		}
		if got := f.used(t, s); got != want {
			t.Errorf("%d bytes count for a session that has %d", got, want)
		}
		if _, _, err := f.RemoveAll(t.Context(), s); err != nil || f.used(t, s) != 0 {
			t.Errorf("after the erasure: %d bytes, %v", f.used(t, s), err)
		}
	}
	if n := f.held(t); n != 0 {
		t.Errorf("%d bytes are left on the disk", n)
	}
}

// anything does one of all that can be done with uploads, and cares for nothing.
func (f *fixture) anything(t *testing.T, s session.ID, dice *rand.Rand) {
	body := strings.Repeat("x", 1+dice.IntN(200_000))
	up, _, err := f.Create(t.Context(), s, request(body))
	if err != nil {
		t.Error(err)
		return
	}
	var bodies sync.WaitGroup
	for range 1 + dice.IntN(3) {
		sent := io.Reader(strings.NewReader(body))
		switch dice.IntN(3) {
		case 0:
			sent = strings.NewReader(body[:dice.IntN(len(body))])
		case 1:
			sent = strings.NewReader(body + "more")
		}
		bodies.Go(func() { _ = f.Receive(t.Context(), f.grant(t, up), sent, -1, func() {}) })
	}
	end := dice.IntN(4)
	if end > 1 {
		bodies.Wait()
	}
	switch end {
	case 0, 2:
		_, _ = f.Complete(t.Context(), s, up.ID)
	case 1:
		_, _ = f.Remove(t.Context(), s, up.ID)
	}
	bodies.Wait()
}
