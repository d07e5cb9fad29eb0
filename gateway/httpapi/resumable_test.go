package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type ring struct{}

func (ring) Sign(purpose string, msg []byte) []byte {
	h := hmac.New(sha256.New, []byte(purpose))
	h.Write(msg)
	return h.Sum(nil)[:16]
}

func (r ring) Verify(_ context.Context, purpose string, msg, mac []byte) (bool, error) {
	return hmac.Equal(r.Sign(purpose, msg), mac), nil
}

// Received, Adopt and Remove let a world's uploads arrive in pieces.
func (w fakeUploads) Received(_ context.Context, u upload.Upload) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.objects[u.RawKey]
	return ok, nil
}

func (w fakeUploads) Adopt(_ context.Context, u upload.Upload, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[u.RawKey] = b
	return os.Remove(path)
}

func (w fakeUploads) Remove(_ context.Context, _ session.ID, id task.UploadID) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.uploads, id)
	return 1, nil
}

func openPartials(t *testing.T) *partial.Files {
	t.Helper()
	pc := partial.Defaults()
	pc.Dir, pc.MinFree = t.TempDir(), 0
	files, err := partial.Open(pc, nil)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// withTus puts the real protocol in front of the fake world.
func withTus(t *testing.T, files *partial.Files) func(*Config, *Deps) {
	t.Helper()
	return func(_ *Config, d *Deps) {
		var err error
		d.Tus, err = tus.New(tus.Deps{Uploads: d.Uploads.(fakeUploads), Files: files, Keys: ring{}, Limits: d.Policy.Limits})
		if err != nil {
			t.Fatal(err)
		}
	}
}

const photoMetadata = "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ=="

func (h *harness) resumable(token string, size int) (location, id string) {
	h.t.Helper()
	r := h.do("POST", "/uploads/tus", token, "", "Tus-Resumable", "1.0.0", "Upload-Length", fmt.Sprint(size), "Upload-Metadata", photoMetadata)
	if r.status != 201 {
		h.t.Fatalf("create: %d %s", r.status, r.body)
	}
	return r.header.Get("Location"), r.header.Get("Upload-Id")
}

func (h *harness) piece(location string, offset int, body string) reply {
	h.t.Helper()
	return h.do("PATCH", location, "", body, "Tus-Resumable", "1.0.0", "Upload-Offset", fmt.Sprint(offset), "Content-Type", "application/offset+octet-stream")
}

// resume goes on as a client does: while an older request still brings bytes,
// the offset may be another by the time that the next one comes.
func (h *harness) resume(location string, size int) {
	h.t.Helper()
	for range 10 {
		offset := 0
		if _, err := fmt.Sscan(h.do("HEAD", location, "", "").header.Get("Upload-Offset"), &offset); err != nil {
			h.t.Fatal(err)
		}
		r := h.piece(location, offset, strings.Repeat("x", size-offset))
		if r.status == 204 {
			return
		}
		if r.code() != "upload_offset_mismatch" {
			h.t.Fatalf("resumed at %d: %d %s", offset, r.status, r.body)
		}
	}
	h.t.Fatal("it cannot be resumed")
}

func TestAResumableUploadNeedsItsBearerOnce(t *testing.T) {
	t.Parallel()
	h := start(t)
	if r := h.do("POST", "/uploads/tus", "", "", "Tus-Resumable", "1.0.0"); r.status != 401 || r.header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("without a token: %d %v", r.status, r.header)
	}
	token := h.session()
	location, id := h.resumable(token, 11)
	if r := h.piece(location, 0, "hello "); r.status != 204 || r.header.Get("Upload-Offset") != "6" {
		t.Errorf("first: %d %v", r.status, r.header)
	}
	if r := h.do("POST", "/uploads/"+id+"/complete", token, ""); r.code() != "upload_incomplete" {
		t.Errorf("complete too soon: %d %s", r.status, r.body)
	}
	if r := h.do("HEAD", location, "", ""); r.status != 200 || r.header.Get("Upload-Offset") != "6" || r.header.Get("Upload-Metadata") != photoMetadata {
		t.Errorf("head: %d %v", r.status, r.header)
	}
	if r := h.piece(location, 6, "world"); r.status != 204 {
		t.Errorf("second: %d %s", r.status, r.body)
	}
	if r := h.do("POST", "/uploads/"+id+"/complete", token, ""); r.status != 200 {
		t.Errorf("complete: %d %s", r.status, r.body)
	}
}

func TestRefusalsOfResumableUploadsAreProblems(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	location, _ := h.resumable(token, 5)
	for name, c := range map[string]struct {
		got    reply
		status int
		code   string
	}{
		"Version":   {h.do("PATCH", location, "", "x"), 412, "tus_version_unsupported"},
		"Offset":    {h.piece(location, 3, "x"), 409, "upload_offset_mismatch"},
		"TooMuch":   {h.piece(location, 0, "123456"), 413, "upload_too_large"},
		"Signature": {h.piece("/uploads/tus/x", 0, "1"), 403, "signature_invalid"},
		"Consent": {h.do("POST", "/uploads/tus", token, "", "Tus-Resumable", "1.0.0", "Upload-Length", "5",
			"Upload-Metadata", "filetype aW1hZ2UvanBlZw=="), 422, "consent_required"},
		"Size": {h.do("POST", "/uploads/tus", token, "", "Tus-Resumable", "1.0.0", "Upload-Length", "99999999999",
			"Upload-Metadata", photoMetadata), 413, "upload_too_large"},
		"Checksum": {h.do("PATCH", location, "", "x", "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type",
			"application/offset+octet-stream", "Upload-Checksum", "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk="), 460, "chunk_checksum_mismatch"},
	} {
		if c.got.status != c.status || c.got.code() != c.code || c.got.header.Get("Tus-Resumable") == "" || c.got.header.Get("Tus-Version") == "" {
			t.Errorf("%s: %d %s %v", name, c.got.status, c.got.body, c.got.header)
		}
	}
	h.world.allow = func(ratelimit.Action) (ratelimit.Window, error) {
		return ratelimit.Window{}, fault.New(fault.RateLimited)
	}
	if r := h.do("POST", "/uploads/tus", token, "", "Tus-Resumable", "1.0.0"); r.status != 429 || r.header.Get("Retry-After") == "" {
		t.Errorf("too many: %d %s", r.status, r.body)
	}
}

func TestTheProtocolIsDiscovered(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.CORSOrigins = []string{"https://a.example"} })
	r := h.do("OPTIONS", "/uploads/tus", "", "", "Origin", "https://a.example", "Access-Control-Request-Method", "PATCH")
	if r.status != 200 || r.header.Get("Tus-Version") != "1.0.0" || !strings.Contains(r.header.Get("Tus-Extension"), "termination") ||
		r.header.Get("Tus-Max-Size") == "" || !strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "Upload-Offset") || r.header.Get("Access-Control-Max-Age") != "86400" {
		t.Errorf("%d %v", r.status, r.header)
	}
}

// CORS/…: pages of configured origins read what clients need; others nothing.
func TestOnlyConfiguredPagesReadTheProtocol(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.CORSOrigins = []string{"https://a.example"} })
	for origin, allowed := range map[string]string{"https://a.example": "https://a.example", "https://b.example": ""} {
		preflight := h.do("OPTIONS", "/uploads/tus", "", "", "Origin", origin, "Access-Control-Request-Method", "PATCH")
		actual := h.do("POST", "/uploads/tus", h.session(), "", "Origin", origin, "Tus-Resumable", "0.2.1")
		if actual.status != 412 || preflight.status != 200 {
			t.Errorf("%s: %d, %d", origin, preflight.status, actual.status)
		}
		for _, r := range []reply{preflight, actual} {
			if r.header.Get("Access-Control-Allow-Origin") != allowed || r.header.Get("Vary") != "Origin" || r.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %v", origin, r.header)
			}
		}
		exposed := actual.header.Get("Access-Control-Expose-Headers")
		for _, name := range []string{"Upload-Offset", "Location", "Upload-Length", "Tus-Version", "Tus-Resumable", "Tus-Max-Size", "Tus-Extension", "Upload-Metadata", "Upload-Id", "Upload-Expires"} {
			if strings.Contains(exposed, name) != (allowed != "") {
				t.Errorf("%s: %s among %q", origin, name, exposed)
			}
		}
		if actual.header.Get("Access-Control-Allow-Methods") != "" {
			t.Errorf("%s: an answer that is no preflight names methods", origin)
		}
	}
}

const patchHead = "PATCH %s HTTP/1.1\nHost: x\nTus-Resumable: 1.0.0\nUpload-Offset: %d\nContent-Type: application/offset+octet-stream\nContent-Length: %d\n\n"

// The library's stream reads past the end of a body into the next request.
func TestAPipelinedRequestIsNoPartOfAPhoto(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 200_000)
	c := h.dial()
	c.send(patchHead+"%sGET /livez HTTP/1.1\nHost: x\n\n", location, 0, 100_000, strings.Repeat("x", 100_000))
	if r := c.receive(); r.status != 204 || r.header.Get("Upload-Offset") != "100000" {
		t.Fatalf("patch: %d %v", r.status, r.header)
	}
	if r := c.receive(); r.status != 200 {
		t.Errorf("livez: %d %v", r.status, r.header)
	}
}

// begin starts a piece of n bytes at an offset, and returns when the handler
// has begun to read it: from now on it is the older of two requests.
func (h *harness) begin(location string, offset, n int) *rawConn {
	h.t.Helper()
	c := h.dial()
	c.send(strings.Replace(patchHead, "\n\n", "\nExpect: 100-continue\n\n", 1), location, offset, n)
	if r := c.receive(); r.status != 100 {
		h.t.Fatalf("begin: %d %s", r.status, r.body)
	}
	return c
}

func TestAPieceThatComesTooLateInterruptsNobody(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 11)
	if r := h.piece(location, 0, "hello "); r.status != 204 {
		t.Fatalf("first: %d %s", r.status, r.body)
	}
	c := h.begin(location, 6, 5)
	if r := h.piece(location, 0, "hello "); r.status != 409 || r.code() != "upload_offset_mismatch" {
		t.Errorf("one that comes late: %d %s", r.status, r.body)
	}
	c.send("world")
	if r := c.receive(); r.status != 204 || r.header.Get("Upload-Offset") != "11" {
		t.Errorf("the one under way: %d %s", r.status, r.body)
	}
}

func TestAPhoneThatStallsIsTakenOver(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	token := h.session()
	location, id := h.resumable(token, 1_000_000)
	h.begin(location, 0, 1_000_000).send("%s", strings.Repeat("x", 300_000))
	began := time.Now()
	h.resume(location, 1_000_000)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if r := h.do("POST", "/uploads/"+id+"/complete", token, ""); r.status != 200 {
		t.Errorf("complete: %d %s", r.status, r.body)
	}
}

func TestAPhoneThatIsCutGoesOn(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 1_000_000)
	c := h.begin(location, 0, 1_000_000)
	c.send("%s", strings.Repeat("x", 300_000))
	_ = c.Close()
	h.resume(location, 1_000_000)
}

func TestAPhoneMayAskBeforeItSends(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 5)
	c := h.begin(location, 0, 5)
	c.send("12345")
	if r := c.receive(); r.status != 204 || r.header.Get("Upload-Offset") != "5" {
		t.Errorf("%d %s", r.status, r.body)
	}
}
