package tus

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestAPhotoArrivesInPieces(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(11)
	if r := f.do("HEAD", location, ""); r.status != 200 || r.offset() != 0 || r.header.Get("Upload-Length") != "11" ||
		r.header.Get("Upload-Metadata") != metadata || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Upload-Expires") == "" {
		t.Errorf("head: %+v", r)
	}
	if r := f.patch(location, 0, "hello "); r.status != 204 || r.offset() != 6 || r.header.Get("Upload-Expires") == "" {
		t.Errorf("first: %+v", r)
	}
	f.gateway() // it restarts
	if r := f.do("HEAD", location, ""); r.offset() != 6 {
		t.Errorf("head after a restart: %+v", r)
	}
	if r := f.patch(location, 6, "world"); r.status != 204 || r.offset() != 11 {
		t.Errorf("second: %+v", r)
	}
	if got := f.stage.bytes(id); got != "hello world" {
		t.Errorf("arrived: %q", got)
	}
	if r := f.do("HEAD", location, ""); r.status != 200 || r.offset() != 11 {
		t.Errorf("head of a finished one: %+v", r)
	}
	if r := f.patch(location, 11, ""); r.status != 204 {
		t.Errorf("patch of a finished one: %+v", r)
	}
	f.stage.judged(id)
	if r := f.do("HEAD", location, ""); r.status != 200 || r.offset() != 11 {
		t.Errorf("head of a judged one: %+v", r)
	}
	if r := f.do("DELETE", location, ""); r.code != "upload_already_complete" {
		t.Errorf("delete of a judged one: %+v", r)
	}
}

func TestCreation(t *testing.T) {
	t.Parallel()
	f := start(t)
	chunk := []string{"Content-Type", "application/offset+octet-stream"}
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		kind    fault.Kind
		code    string
	}{
		"Plain":              {headers: []string{"Upload-Length", "5", "Upload-Metadata", metadata}, status: 201},
		"ConsentByVersion":   {headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype aQ==,consent " + b64("2026-11")}, status: 201},
		"ConsentAsJSON":      {headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype aQ==,consent " + b64(`{"policyVersion":"1"}`)}, status: 201},
		"WithUpload":         {body: "12345", headers: append([]string{"Upload-Length", "5", "Upload-Metadata", metadata}, chunk...), status: 201},
		"WithPart":           {body: "12", headers: append([]string{"Upload-Length", "5", "Upload-Metadata", metadata}, chunk...), status: 201},
		"WithTooMuch":        {body: "123456", headers: append([]string{"Upload-Length", "5", "Upload-Metadata", metadata}, chunk...), kind: fault.TooLarge, code: "upload_too_large"},
		"OtherTypeIsNoChunk": {body: "12345", headers: []string{"Upload-Length", "5", "Upload-Metadata", metadata, "Content-Type", "text/plain"}, status: 201},
		"NoConsent":          {headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype aQ=="}, kind: fault.Unprocessable, code: "consent_required"},
		"ConsentDenied":      {headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype aQ==,consent " + b64("false")}, kind: fault.Unprocessable, code: "consent_required"},
		"NoType":             {headers: []string{"Upload-Length", "5", "Upload-Metadata", "consent dHJ1ZQ=="}, kind: fault.Invalid, code: "invalid_request"},
		"Empty":              {headers: []string{"Upload-Length", "0", "Upload-Metadata", metadata}, kind: fault.Invalid, code: "invalid_request"},
		"TooLarge":           {headers: []string{"Upload-Length", "99999999", "Upload-Metadata", metadata}, kind: fault.TooLarge, code: "upload_too_large"},
		"NoLength":           {headers: []string{"Upload-Metadata", metadata}, kind: fault.Invalid, code: "upload_length_invalid"},
		"BadLength":          {headers: []string{"Upload-Length", "-5", "Upload-Metadata", metadata}, kind: fault.Invalid, code: "upload_length_invalid"},
		"BothLengths":        {headers: []string{"Upload-Length", "5", "Upload-Defer-Length", "1", "Upload-Metadata", metadata}, kind: fault.Invalid, code: "tus_extension_unsupported"},
		"DeferredLength":     {headers: []string{"Upload-Defer-Length", "1", "Upload-Metadata", metadata}, kind: fault.Invalid, code: "tus_extension_unsupported"},
		"BadMetadata":        {headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype !"}, kind: fault.Invalid, code: "upload_metadata_invalid"},
		"Concatenation":      {headers: []string{"Upload-Length", "5", "Upload-Metadata", metadata, "Upload-Concat", "partial"}, kind: fault.Invalid, code: "tus_extension_unsupported"},
		"NoVersion":          {headers: []string{"Tus-Resumable", "", "Upload-Length", "5"}, kind: fault.Invalid, code: "tus_version_unsupported"},
		"OtherVersion":       {headers: []string{"Tus-Resumable", "0.2.2", "Upload-Length", "5"}, kind: fault.Invalid, code: "tus_version_unsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := f.do("POST", Path, c.body, c.headers...)
			if r.status != c.status || r.kind != c.kind || r.code != c.code {
				t.Errorf("%+v, want %d %v %s", r, c.status, c.kind, c.code)
			}
			if c.status == 201 && (r.header.Get("Location") == "" || r.header.Get("Upload-Id") == "" || r.header.Get("Upload-Expires") == "") {
				t.Errorf("headers: %v", r.header)
			}
		})
	}
	t.Cleanup(func() {
		if len(f.stage.ups) != 6 {
			t.Errorf("%d uploads are left of 6 that were created: a refused one stayed", len(f.stage.ups))
		}
	})
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestPatchRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	const chunk = "application/offset+octet-stream"
	for name, c := range map[string]struct {
		body    string
		headers []string
		kind    fault.Kind
		code    string
	}{
		"WrongType":       {"x", []string{"Upload-Offset", "2", "Content-Type", "text/plain"}, fault.Unsupported, "unsupported_media_type"},
		"NoOffset":        {"x", []string{"Content-Type", chunk}, fault.Invalid, "upload_offset_invalid"},
		"NegativeOffset":  {"x", []string{"Upload-Offset", "-2", "Content-Type", chunk}, fault.Invalid, "upload_offset_invalid"},
		"EarlierOffset":   {"x", []string{"Upload-Offset", "1", "Content-Type", chunk}, fault.Conflict, "upload_offset_mismatch"},
		"LaterOffset":     {"x", []string{"Upload-Offset", "3", "Content-Type", chunk}, fault.Conflict, "upload_offset_mismatch"},
		"TooMuch":         {"1234", []string{"Upload-Offset", "2", "Content-Type", chunk}, fault.TooLarge, "upload_too_large"},
		"DeclaresLength":  {"x", []string{"Upload-Offset", "2", "Upload-Length", "9", "Content-Type", chunk}, fault.Invalid, "tus_extension_unsupported"},
		"OtherVersion":    {"x", []string{"Tus-Resumable", "2.0.0", "Upload-Offset", "2", "Content-Type", chunk}, fault.Invalid, "tus_version_unsupported"},
		"UnknownChecksum": {"x", []string{"Upload-Offset", "2", "Content-Type", chunk, "Upload-Checksum", "crc32 AAAA"}, fault.Invalid, "chunk_checksum_invalid"},
		"BrokenChecksum":  {"x", []string{"Upload-Offset", "2", "Content-Type", chunk, "Upload-Checksum", "sha1 AAAA"}, fault.Invalid, "chunk_checksum_invalid"},
		"WrongChecksum":   {"x", []string{"Upload-Offset", "2", "Content-Type", chunk, "Upload-Checksum", "sha1 " + sha1Of("y")}, fault.Unprocessable, "chunk_checksum_mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location, _ := f.create(5)
			f.patch(location, 0, "ab")
			if r := f.do("PATCH", location, c.body, c.headers...); r.kind != c.kind || r.code != c.code {
				t.Errorf("%+v, want %v %s", r, c.kind, c.code)
			}
			if r := f.do("HEAD", location, ""); r.offset() != 2 {
				t.Errorf("offset afterwards: %+v", r)
			}
		})
	}
}

func sha1Of(s string) string {
	sum := sha1.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestAGoodChecksumIsAccepted(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(5)
	if r := f.patch(location, 0, "ab", "Upload-Checksum", "sha1 "+sha1Of("ab")); r.status != 204 || r.offset() != 2 {
		t.Errorf("sha1: %+v", r)
	}
	sum := sha256.Sum256([]byte("cde"))
	if r := f.patch(location, 2, "cde", "Upload-Checksum", "sha256 "+base64.StdEncoding.EncodeToString(sum[:])); r.status != 204 {
		t.Errorf("sha256: %+v", r)
	}
	if got := f.stage.bytes(id); got != "abcde" {
		t.Errorf("arrived: %q", got)
	}
}

func TestMethodsCanBeOverridden(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(5)
	r := f.do("POST", location, "12345", "X-HTTP-Method-Override", "PATCH", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if r.status != 204 || f.stage.bytes(id) != "12345" {
		t.Errorf("patch: %+v", r)
	}
	if r := f.do("POST", location, "", "X-HTTP-Method-Override", "GET"); r.code != "method_not_allowed" {
		t.Errorf("get: %+v", r)
	}
	if r := f.do("POST", location, ""); r.code != "method_not_allowed" {
		t.Errorf("post: %+v", r)
	}
	if r := f.do("POST", location, "", "X-HTTP-Method-Override", "DELETE"); r.status != 204 {
		t.Errorf("delete: %+v", r)
	}
}

func TestTerminationLeavesNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(5)
	f.patch(location, 0, "ab")
	if r := f.do("DELETE", location, ""); r.status != 204 {
		t.Errorf("delete: %+v", r)
	}
	if _, err := f.files.Size(f.owner, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("bytes are left: %v", err)
	}
	for _, method := range []string{"HEAD", "DELETE"} {
		if r := f.do(method, location, ""); r.kind != fault.NotFound || r.offset() >= 0 {
			t.Errorf("%s afterwards: %+v", method, r)
		}
	}
}

func TestLocationsAreCapabilities(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, _ := f.create(5)
	other, _ := f.create(5)
	for _, path := range []string{
		Path + "/x", Path + "/complete", location + "A", location + "%0A", location + "%0D%0A", location[:len(location)-1], strings.ToUpper(location[len(Path):]),
		location[:strings.LastIndex(location, ".")] + other[strings.LastIndex(other, "."):],
	} {
		if !strings.HasPrefix(path, Path) {
			path = Path + path
		}
		if r := f.do("HEAD", path, ""); r.code != "signature_invalid" {
			t.Errorf("%s: %+v", path, r)
		}
	}
	f.clock = 2 * time.Hour
	if r := f.do("HEAD", location, ""); r.kind != fault.Gone {
		t.Errorf("after its time: %+v", r)
	}
}

func TestAFinishedFileOfADeadGatewayIsTaken(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(5)
	f.patch(location, 0, "1234")
	if err := appendTo(f.files.Path(f.owner, id), "5"); err != nil { // then it died
		t.Fatal(err)
	}
	f.gateway()
	if r := f.do("HEAD", location, ""); r.offset() != 5 || f.stage.bytes(id) != "12345" {
		t.Errorf("head: %+v, arrived %q", r, f.stage.bytes(id))
	}
}

func TestAStalledPatchIsTakenOver(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(8)
	body, phone := slow()
	first := make(chan reply, 1)
	go func() {
		r, _ := f.try("PATCH", location, body, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
		first <- r
	}()
	if _, err := phone.Write([]byte("1234")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	f.resume(location, "12345678")
	if took := time.Since(began); took > 5*time.Second || f.stage.bytes(id) != "12345678" {
		t.Errorf("took %v, arrived %q", took, f.stage.bytes(id))
	}
	_ = phone.Close()
	<-first
}

func TestACutPatchKeepsWhatArrived(t *testing.T) {
	t.Parallel()
	f := start(t)
	location, id := f.create(8)
	_, err := f.try("PATCH", location, io.MultiReader(strings.NewReader("1234"), cut{}), "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if err == nil {
		t.Fatal("the request was not cut")
	}
	f.resume(location, "12345678")
	if got := f.stage.bytes(id); got != "12345678" {
		t.Errorf("arrived %q", got)
	}
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, errCut }

func TestDiscovery(t *testing.T) {
	t.Parallel()
	h, err := New(Deps{Limits: limited(77), Keys: ring{}})
	if err != nil {
		t.Fatal(err)
	}
	got := h.Discover()
	for name, want := range map[string]string{
		"Tus-Version": "1.0.0", "Tus-Max-Size": "77", "Tus-Checksum-Algorithm": "sha1,sha256",
		"Tus-Extension": "creation,creation-with-upload,termination,checksum,expiration",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
}
