package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
)

// pieces speaks tus to one gateway.
type pieces struct {
	base  string
	whole []byte
}

// do sends a request of the protocol and returns the answer's headers.
func (p pieces) do(t *testing.T, method, path string, body []byte, status int, headers ...string) http.Header {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != status {
		t.Fatalf("%s: %d %s, want %d", method, resp.StatusCode, said, status)
	}
	return resp.Header
}

// create declares the photo and sends its first bytes.
func (p pieces) create(t *testing.T, s *client.Session, first []byte) http.Header {
	t.Helper()
	return p.do(t, http.MethodPost, "/uploads/tus", first, http.StatusCreated, "Authorization", "Bearer "+s.Token(),
		"Upload-Length", strconv.Itoa(len(p.whole)), "Upload-Metadata", "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ==",
		"Content-Type", "application/offset+octet-stream")
}

func (p pieces) complete(t *testing.T, s *client.Session, id string) {
	t.Helper()
	p.do(t, http.MethodPost, "/uploads/"+id+"/complete", nil, http.StatusOK, "Authorization", "Bearer "+s.Token())
}

// send brings the bytes from the gateway's offset to an end.
func (p pieces) send(t *testing.T, location string, end int) {
	t.Helper()
	offset, err := strconv.Atoi(p.do(t, http.MethodHead, location, nil, http.StatusOK).Get("Upload-Offset"))
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, http.MethodPatch, location, p.whole[offset:end], http.StatusNoContent,
		"Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

// TestAPhotoArrivesOverRestartsAndGateways sends a photo in three pieces: to
// one gateway, after a restart, and to another one.
func TestAPhotoArrivesOverRestartsAndGateways(t *testing.T) {
	t.Parallel()
	data, settings := t.TempDir(), config(t, "latency=50ms", nil)
	first := start(t, data, "--config", settings)
	s, err := first.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := photo.JPEG(7, 1200, 900, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	third := len(whole) / 3
	p := pieces{first.public[0], whole}
	created := p.create(t, s, nil)
	location := created.Get("Location")
	p.send(t, location, third)
	first.interrupt(t)

	second := start(t, data, "--config", settings, "--gateways", "2")
	pieces{second.public[0], whole}.send(t, location, 2*third)
	pieces{second.public[1], whole}.send(t, location, len(whole))
	p.base = second.public[0]
	p.complete(t, s, created.Get("Upload-Id"))
	if left, err := os.ReadDir(filepath.Join(data, "partial")); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}

	unfinished := p.create(t, s, whole[:third]).Get("Location")
	p.do(t, http.MethodDelete, "/session", nil, http.StatusOK, "Authorization", "Bearer "+s.Token())
	if left, err := os.ReadDir(filepath.Join(data, "partial")); err != nil || len(left) > 0 {
		t.Errorf("left of an erased session: %v, %v", left, err)
	}
	p.do(t, http.MethodHead, unfinished, nil, http.StatusNotFound)
}
