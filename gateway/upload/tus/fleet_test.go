package tus

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// A load balancer that reads the name sends every request for an upload to
// the gateway whose disk has its bytes.
func TestALocationNamesItsGateway(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.node = "eu-2"
	f.gateway()
	location, id := f.create(5)
	if !strings.HasPrefix(location, Path+"/eu-2.") {
		t.Errorf("location = %s", location)
	}
	if r := f.do("HEAD", strings.Replace(location, "/eu-2.", "/eu-3.", 1), ""); r.code != "signature_invalid" {
		t.Errorf("another name: %+v", r)
	}
	f.patch(location, 0, "12")

	c := partial.Defaults()
	c.Dir = t.TempDir()
	here := f.files
	var err error
	if f.files, err = partial.Open(c, nil); err != nil {
		t.Fatal(err)
	}
	f.node = "eu-3"
	f.gateway() // another one, with a disk of its own
	if r := f.do("HEAD", location, ""); r.kind != fault.NotFound || r.offset() >= 0 {
		t.Errorf("at a gateway that has none of it: %+v", r)
	}
	f.files, f.node = here, "eu-2"
	f.gateway()
	f.resume(location, "12345")
	if got := f.stage.bytes(id); got != "12345" {
		t.Errorf("arrived %q", got)
	}
}

// What a client or a proxy says about hosts does not count, only what was
// configured.
func TestLocationsAreAbsoluteWhereTheAddressIsKnown(t *testing.T) {
	t.Parallel()
	h, err := New(Deps{Limits: limited(77), Keys: ring{}, PublicURL: "https://a.example/"})
	if err != nil {
		t.Fatal(err)
	}
	if got := h.location(upload.Upload{}); !strings.HasPrefix(got, "https://a.example/uploads/tus/") {
		t.Errorf("location = %s", got)
	}
}

func TestNamesOfGatewaysFitIntoAPath(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"": true, "eu-2": true, "EU": false, "a.b": false, "a/b": false, strings.Repeat("a", 33): false} {
		if ValidNode(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// Two gateways of one directory may both see that the last byte is there.
func TestAnUploadIsFinishedOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(5)
	f.patch(location, 0, "12345")
	if r := f.do("HEAD", location, ""); r.offset() != 5 {
		t.Errorf("%+v", r)
	}
	up, err := f.stage.Get(t.Context(), f.owner, id)
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{deps: Deps{Uploads: f.stage, Files: f.files}}
	if err := (&transfer{h: h, up: up}).finish(t.Context()); err != nil {
		t.Errorf("the second one: %v", err)
	}
}

func TestBytesOfAnUploadThatExpiredMeanwhileGo(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(8)
	body, phone := slow()
	answer := make(chan reply, 1)
	go func() {
		r, _ := f.try("PATCH", location, body, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
		answer <- r
	}()
	if _, err := phone.Write([]byte("1234")); err != nil {
		t.Fatal(err)
	}
	<-f.stage.found
	f.stage.expire(id)
	if _, err := phone.Write([]byte("5678")); err != nil {
		t.Fatal(err)
	}
	_ = phone.Close()
	if r := <-answer; r.kind != fault.NotFound {
		t.Errorf("%+v", r)
	}
	if _, err := f.files.Size(f.owner, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("bytes are left: %v", err)
	}
}

// A photo that the session already has is whole from the start, however a
// client goes about it.
func TestAKnownPhotoIsNotSentAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	sum := sha256.Sum256([]byte("hello"))
	with := metadata + ",sha256 " + base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum[:])))
	first := f.do("POST", Path, "hello", "Upload-Length", "5", "Upload-Metadata", with, "Content-Type", "application/offset+octet-stream")
	if first.status != 201 || first.offset() != 5 {
		t.Fatalf("first: %+v", first)
	}
	id := first.header.Get("Upload-Id")
	f.stage.judged(task.UploadID(id))

	again := f.do("POST", Path, "", "Upload-Length", "5", "Upload-Metadata", with)
	if again.status != 201 || again.offset() != 5 || again.header.Get("Upload-Id") != id {
		t.Errorf("again: %+v", again)
	}
	location := again.header.Get("Location")
	if r := f.patch(location, 0, "hello"); r.code != "upload_offset_mismatch" {
		t.Errorf("a client that does not look: %+v", r)
	}
	if r := f.do("HEAD", location, ""); r.status != 200 || r.offset() != 5 || r.header.Get("Upload-Length") != "5" {
		t.Errorf("head: %+v", r)
	}
	for _, sent := range []string{"hello", "he"} {
		r := f.do("POST", Path, sent, "Upload-Length", "5", "Upload-Metadata", with, "Content-Type", "application/offset+octet-stream")
		if r.status != 201 || r.offset() != 5 || r.header.Get("Upload-Id") != id {
			t.Errorf("with %q: %+v", sent, r)
		}
	}
	if r := f.do("POST", Path, "hello!", "Upload-Length", "5", "Upload-Metadata", with, "Content-Type", "application/offset+octet-stream"); r.code != "upload_too_large" {
		t.Errorf("with too much: %+v", r)
	}
	if _, err := f.stage.Get(t.Context(), f.owner, task.UploadID(id)); err != nil {
		t.Errorf("a refusal took the photo away: %v", err)
	}
}
