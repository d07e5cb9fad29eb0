package upload

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// slow is a body that comes as the test writes it.
type slow struct {
	*io.PipeWriter
	ended chan error // what Receive said
}

// sending begins to send a body to a gateway, and returns when its first bytes
// are read.
func (f *fixture) sending(t *testing.T, u *Uploads, up Upload, first string) *slow {
	t.Helper()
	r, w := io.Pipe()
	s := &slow{PipeWriter: w, ended: make(chan error, 1)}
	g := f.grant(t, up)
	go func() {
		s.ended <- u.Receive(t.Context(), g, r, up.Size, func() { _ = r.CloseWithError(errors.New("interrupted")) })
	}()
	if _, err := w.Write([]byte(first)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fixture) grant(t testing.TB, up Upload) store.Grant {
	t.Helper()
	address, _ := f.PutURL(up)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	g, err := f.store.Verify(t.Context(), "PUT", keyOf(address), u.Query(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// held are the bytes on the disk, those that are on their way too.
func (f *fixture) held(t testing.TB) (total int64) {
	t.Helper()
	err := filepath.WalkDir(f.dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil //nolint:nilerr // it went meanwhile
		}
		if fi, err := e.Info(); err == nil {
			total += fi.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

// runs keeps a gateway's own work going.
func runs(t *testing.T, u *Uploads) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { _ = u.Run(ctx) })
	t.Cleanup(func() { stop(); work.Wait() })
}

func TestOfTwoBodiesTheNewerIsTaken(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	older := f.sending(t, f.Uploads, up, "123")
	if err := f.send(t, up, strings.NewReader("abcde"), 5); err != nil {
		t.Fatal(err)
	}
	wantCode(t, <-older.ended, fault.Conflict, fault.UploadSuperseded)
	if n := f.held(t); n != 5 {
		t.Errorf("%d bytes are kept, want those of the newer body", n)
	}
}

// The gateways share a folder; one tells the other.
func TestABodyAtAnotherGatewayIsReplacedToo(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	other := f.gateway(t, Defaults())
	runs(t, other)
	up := f.create(t, "12345")
	older := f.sending(t, other, up, "123")
	if err := f.send(t, up, strings.NewReader("abcde"), 5); err != nil {
		t.Fatal(err)
	}
	wantCode(t, <-older.ended, fault.Conflict, fault.UploadSuperseded)
	if n := f.held(t); n != 5 {
		t.Errorf("%d bytes are kept", n)
	}
}

// A gateway that missed the news finds out before it would overwrite the newer
// body.
func TestAGatewayThatHeardNothingDoesNotOverwriteANewerBody(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	deaf := f.gateway(t, Defaults())
	up := f.create(t, "12345")
	older := f.sending(t, deaf, up, "123")
	if err := f.send(t, up, strings.NewReader("abcde"), 5); err != nil {
		t.Fatal(err)
	}
	_, _ = older.Write([]byte("45"))
	_ = older.Close()
	wantCode(t, <-older.ended, fault.Conflict, fault.UploadSuperseded)
	o, err := f.store.Open(t.Context(), up.RawKey)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if got, _ := io.ReadAll(o); string(got) != "abcde" {
		t.Errorf("the photo is %q", got)
	}
}

func TestAsManyBodiesAsYouLikeTakeTheRoomOfOne(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	body := strings.Repeat("x", 1<<20)
	up := f.create(t, body)
	var all []*slow
	for range 20 {
		all = append(all, f.sending(t, f.Uploads, up, body[:len(body)-1]))
		if n := f.held(t); n > int64(len(body)) {
			t.Fatalf("%d bytes are on the disk", n)
		}
	}
	last := all[len(all)-1]
	_, _ = last.Write([]byte("x"))
	_ = last.Close()
	for i, s := range all[:len(all)-1] {
		if err := <-s.ended; fault.CodeOf(err) != fault.UploadSuperseded {
			t.Errorf("body %d: %v", i, err)
		}
	}
	if err := <-last.ended; err != nil {
		t.Errorf("the newest: %v", err)
	}
}

func TestABodyEndsWithItsUpload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code fault.Code
		end  func(*testing.T, *fixture, Upload)
	}{
		"removed": {fault.UploadNotFound, func(t *testing.T, f *fixture, up Upload) {
			if _, err := f.Remove(t.Context(), f.id, up.ID); err != nil {
				t.Error(err)
			}
		}},
		"removed at another gateway": {fault.UploadNotFound, func(t *testing.T, f *fixture, up Upload) {
			runs(t, f.Uploads)
			if _, err := f.gateway(t, Defaults()).Remove(t.Context(), f.id, up.ID); err != nil {
				t.Error(err)
			}
		}},
		"erased": {fault.UploadNotFound, func(t *testing.T, f *fixture, _ Upload) {
			if _, _, err := f.RemoveAll(t.Context(), f.id); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, nil)
			up := f.create(t, "12345")
			s := f.sending(t, f.Uploads, up, "123")
			c.end(t, f, up)
			wantCode(t, <-s.ended, fault.NotFound, c.code)
			if n := f.held(t); n != 0 {
				t.Errorf("%d bytes are left", n)
			}
		})
	}
}

func TestABodyBesideACompletionEndsWhenThePhotoIsReady(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	again := f.sending(t, f.Uploads, up, "123")
	if _, err := f.Complete(t.Context(), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, <-again.ended, fault.Conflict, fault.UploadAlreadyComplete)
	if n := f.held(t); n != int64(len("normalised")) {
		t.Errorf("%d bytes are left", n)
	}
}

func TestABodyEndsWhenItsUploadExpires(t *testing.T) {
	t.Parallel()
	f := open(t, func(c *Config, _ *policy.Limits) { c.PutWithin = 1500 * time.Millisecond })
	up := f.create(t, "12345")
	s := f.sending(t, f.Uploads, up, "123")
	wantCode(t, <-s.ended, fault.Gone, fault.UploadExpired)
	if n := f.held(t); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
}

// Whoever begins, ends and is stopped in whatever order: one goes on at most,
// and nothing is left on the list.
func TestTheListOfBodiesIsEmptyInTheEnd(t *testing.T) {
	t.Parallel()
	var r running
	var at sync.Mutex
	var work sync.WaitGroup
	writing := 0
	for rank := range uint64(200) {
		work.Go(func() {
			b, older := r.begin("k", rank, func(error) {})
			defer r.leave(b)
			if b.follow(context.Background(), older) != nil {
				return
			}
			at.Lock()
			writing++
			if writing > 1 {
				t.Errorf("%d bodies are written at once", writing)
			}
			at.Unlock()
			r.stop("k", rank, superseded())
			at.Lock()
			writing--
			at.Unlock()
		})
	}
	work.Wait()
	if len(r.bodies) != 0 {
		t.Errorf("%d uploads are left", len(r.bodies))
	}
}

// An upload that came in pieces so far may be sent whole: the pieces are an
// older body.
func TestAPlainBodyReplacesPieces(t *testing.T) {
	t.Parallel()
	f, p := open(t, nil), &parts{}
	f.partials = p
	up := f.create(t, "12345")
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	if len(p.removed) != 1 || p.removed[0] != up.ID {
		t.Errorf("removed %v", p.removed)
	}
}
