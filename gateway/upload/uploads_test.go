package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAPhotoBecomesReady(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	body := "a photo of a heron"
	up := f.create(t, body)
	if up.Status != Pending || up.ContentType != "image/jpeg" || up.Consent != "2026-01" || !IsRaw(up.RawKey) || IsRaw(up.PhotoKey) {
		t.Errorf("created %+v", up)
	}
	_, err := f.Complete(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.Conflict, "upload_incomplete")
	if err := f.send(t, up, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	done, err := f.Complete(t.Context(), f.id, up.ID)
	if err != nil || done.Status != Ready || done.Width != 640 || done.ContentType != "image/png" || !strings.HasPrefix(done.Fingerprint, "sha256:") {
		t.Fatalf("done = %+v, err = %v", done, err)
	}
	if _, err := f.store.Stat(t.Context(), done.PhotoKey); err != nil {
		t.Errorf("no normalised photo: %v", err)
	}
	if _, err := f.store.Stat(t.Context(), done.RawKey); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the raw photo is still there: %v", err)
	}
	again, err := f.Complete(t.Context(), f.id, up.ID)
	if err != nil || again.Fingerprint != done.Fingerprint || f.judge.calls.Load() != 1 {
		t.Errorf("again = %+v, err = %v, judged %d times", again, err, f.judge.calls.Load())
	}
	wantCode(t, f.send(t, up, strings.NewReader(body), int64(len(body))), fault.Conflict, "upload_already_complete")
	wantCode(t, f.send(t, up, strings.NewReader("other"), 5), fault.Conflict, "upload_already_complete") // whatever its size
}

func TestABodyMustHaveTheDeclaredSize(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	for _, c := range []struct {
		name   string
		body   string
		length int64
		code   fault.Code
	}{
		{"announced shorter", "1234", 4, fault.UploadSizeMismatch},
		{"announced longer", "123456", 6, fault.UploadTooLarge},
		{"shorter than announced", "1234", 5, fault.UploadSizeMismatch},
		{"longer than announced", "123456", 5, fault.UploadTooLarge},
		{"shorter, unannounced", "1234", -1, fault.UploadSizeMismatch},
		{"longer, unannounced", "123456", -1, fault.UploadTooLarge},
		{"empty", "", 0, fault.UploadSizeMismatch},
	} {
		err := f.send(t, up, iotest.OneByteReader(strings.NewReader(c.body)), c.length)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := f.store.Stat(t.Context(), up.RawKey); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: something was kept", c.name)
		}
	}
	if err := f.send(t, up, iotest.ErrReader(errors.New("gone")), 5); err == nil {
		t.Error("a lost connection is no error")
	}
	if err := f.send(t, up, strings.NewReader("12345"), -1); err != nil {
		t.Errorf("exact, unannounced: %v", err)
	}
}

func TestDeclarationsAreChecked(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.MaxUploadBytes = 100 })
	good := request("12345")
	for _, c := range []struct {
		name   string
		change func(*CreateRequest)
		kind   fault.Kind
		code   fault.Code
	}{
		{"no type", func(r *CreateRequest) { r.ContentType = "" }, fault.Invalid, "invalid_request"},
		{"no size", func(r *CreateRequest) { r.Size = 0 }, fault.Invalid, "invalid_request"},
		{"negative size", func(r *CreateRequest) { r.Size = -1 }, fault.Invalid, "invalid_request"},
		{"bad hash", func(r *CreateRequest) { r.SHA256 = "abc" }, fault.Invalid, "invalid_request"},
		{"gif", func(r *CreateRequest) { r.ContentType = "image/gif" }, fault.Unsupported, "unsupported_media_type"},
		{"too large", func(r *CreateRequest) { r.Size = 101 }, fault.TooLarge, "upload_too_large"},
		{"no consent", func(r *CreateRequest) { r.Consent = Consent{} }, fault.Unprocessable, "consent_required"},
		{"old consent", func(r *CreateRequest) { r.Consent = Consent{PolicyVersion: "2025-01"} }, fault.Unprocessable, "consent_required"},
		{"exactly the limit", func(r *CreateRequest) { r.Size = 100 }, fault.Internal, ""},
		{"consent by version", func(r *CreateRequest) { r.Consent = Consent{PolicyVersion: "2026-01"} }, fault.Internal, ""},
		{"type with parameters", func(r *CreateRequest) { r.ContentType = "Image/HEIC; x=y" }, fault.Internal, ""},
	} {
		r := good
		c.change(&r)
		_, _, err := f.Create(t.Context(), f.id, r)
		if fault.CodeOf(err) != c.code || err != nil && fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheSameBytesAreSentOnce(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	body := "a photo of a heron"
	sum := sha256.Sum256([]byte(body))
	r := request(body)
	r.SHA256 = strings.ToUpper(hex.EncodeToString(sum[:]))
	pending, reused, err := f.Create(t.Context(), f.id, r)
	if err != nil || reused {
		t.Fatalf("reused = %v, err = %v", reused, err)
	}
	if err := f.send(t, pending, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	if _, reused, _ := f.Create(t.Context(), f.id, r); reused {
		t.Error("an upload that is not ready is reused")
	}
	up, err := f.Complete(t.Context(), f.id, pending.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, reused, err := f.Create(t.Context(), f.id, r)
	if err != nil || !reused || again.ID != up.ID || again.Status != Ready {
		t.Errorf("again = %+v, reused = %v, err = %v", again, reused, err)
	}
	if _, reused, _ := f.Create(t.Context(), session.ID(task.NewID()), r); reused {
		t.Error("another session is told what this one has")
	}
	if _, err := f.Remove(t.Context(), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	if _, reused, err := f.Create(t.Context(), f.id, r); err != nil || reused {
		t.Errorf("a removed upload is reused: %v, %v", reused, err)
	}
}

func TestAWrongHashIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	r := request("12345")
	r.SHA256 = strings.Repeat("0", 64)
	up, _, err := f.Create(t.Context(), f.id, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	_, err = f.Complete(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.Unprocessable, "sha256_mismatch")
}

func TestARefusedPhotoIsDeleted(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	f.judge.err = fault.New(fault.NoWorkers)
	_, err := f.Complete(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.Unavailable, "no_workers")
	if _, err := f.Get(t.Context(), f.id, up.ID); err != nil {
		t.Errorf("a photo that nobody judged is gone: %v", err)
	}
	f.judge.err = fault.New(fault.UnsupportedMediaType)
	_, err = f.Complete(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.Unsupported, "unsupported_media_type")
	_, err = f.Get(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	if _, err := f.store.Stat(t.Context(), up.RawKey); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the raw photo is still there: %v", err)
	}
	wantCode(t, f.send(t, up, strings.NewReader("12345"), 5), fault.NotFound, "upload_not_found")
}

func TestCompletionIsJudgedOnceAtATime(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.judge.hold()
	up := f.create(t, "12345")
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := f.Complete(impatient, f.id, up.ID); left <- err }()
	<-f.judge.asked
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := f.Complete(t.Context(), f.id, up.ID); err != nil || got.Status != Ready {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	leave()
	wantCode(t, <-left, fault.Canceled, "canceled")
	close(f.judge.gate)
	all.Wait()
	if n := f.judge.calls.Load(); n != 1 {
		t.Errorf("judged %d times", n)
	}
}

func TestAPhotoDeletedWhileJudgedStaysDeleted(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.judge.hold()
	up := f.create(t, "12345")
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := f.Complete(t.Context(), f.id, up.ID); done <- err }()
	<-f.judge.asked
	if _, err := f.Remove(t.Context(), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Copy(t.Context(), up.RawKey, up.RawKey); fault.KindOf(err) != fault.NotFound {
		t.Fatal("the raw photo should be gone")
	}
	// The worker had read it before: it writes the normalised one and is content.
	if _, err := f.store.Put(t.Context(), up.RawKey, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	close(f.judge.gate)
	if err := <-done; fault.KindOf(err) != fault.NotFound {
		t.Errorf("err = %v", err)
	}
	if _, err := f.store.Stat(t.Context(), up.PhotoKey); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a photo is left: %v", err)
	}
}

func TestASessionHasOnlySoManyUploadsHoweverSmall(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.SessionUploadBytes = 1000 })
	for i := range fewest {
		if _, _, err := f.Create(t.Context(), f.id, request("12345")); err != nil {
			t.Fatalf("upload %d: %v", i+1, err)
		}
	}
	if _, _, err := f.Create(t.Context(), f.id, request("12345")); fault.CodeOf(err) != fault.UploadQuotaExceeded {
		t.Errorf("one more: %v", err)
	}
}

func TestASessionHasOnlySoManyBytes(t *testing.T) {
	t.Parallel()
	f := open(t, func(_ *Config, l *policy.Limits) { l.SessionUploadBytes = 4 * 5 })
	var created atomic.Int64
	var last atomic.Pointer[Upload]
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			up, _, err := f.Create(t.Context(), f.id, request("12345"))
			if err == nil {
				created.Add(1)
				last.Store(&up)
			} else if fault.CodeOf(err) != fault.UploadQuotaExceeded || fault.As(err).RetryAfter <= 0 {
				t.Errorf("err = %v", err)
			}
		})
	}
	all.Wait()
	if created.Load() != 4 {
		t.Errorf("%d created, want exactly 4", created.Load())
	}
	if _, err := f.Remove(t.Context(), f.id, last.Load().ID); err != nil {
		t.Fatal(err)
	}
	f.create(t, "12345")
	f.clock.Add(int64(2 * time.Hour)) // the abandoned ones expire
	f.create(t, "12345")
}

func TestAnotherSessionsUploadIsNotFound(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.ready1(t, "12345")
	stranger := session.ID(task.NewID())
	_, err := f.Get(t.Context(), stranger, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	_, err = f.Complete(t.Context(), stranger, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	_, err = f.Remove(t.Context(), stranger, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	for _, id := range []task.UploadID{"", "*", ">", "usage", "../x", task.UploadID(strings.Repeat("a", 1000))} {
		_, err = f.Get(t.Context(), f.id, id)
		wantCode(t, err, fault.NotFound, "upload_not_found")
	}
}

func TestAnUploadExpires(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	pending, up := f.create(t, "1"), f.ready1(t, "12345")
	f.clock.Store(int64(61 * time.Minute))
	_, err := f.Get(t.Context(), f.id, pending.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	if _, err := f.Get(t.Context(), f.id, up.ID); err != nil {
		t.Errorf("a ready one is gone after an hour: %v", err)
	}
	f.clock.Store(int64(25 * time.Hour))
	_, err = f.Get(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
}

func TestOnlyRawKeysAreReceived(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	for _, key := range []string{up.PhotoKey, string(f.id) + "/tasks/x/1.jpg", "x", ""} {
		err := f.Receive(t.Context(), store.Grant{Key: key, Size: 5}, bytes.NewReader([]byte("12345")), 5, func() {})
		wantCode(t, err, fault.Forbidden, "signature_invalid")
	}
	err := f.Receive(t.Context(), store.Grant{Key: up.RawKey, MaxBytes: 5}, bytes.NewReader([]byte("12345")), 5, func() {})
	wantCode(t, err, fault.Forbidden, "signature_invalid")
}
