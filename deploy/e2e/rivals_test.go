package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// rival is a body that a test sends piece by piece over its own connection.
type rival struct {
	net.Conn
	answers *bufio.Reader
}

// begins starts a request and sends the first bytes of its body.
func begins(t *testing.T, base, method, path string, size int, first []byte, headers string) *rival {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, err = fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s", method, path, size, headers, first)
	if err != nil {
		t.Fatal(err)
	}
	return &rival{c, bufio.NewReader(c)}
}

// loses expects the answer to who was superseded, and then the end.
func (r *rival) loses(t *testing.T) {
	t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(taskPatience))
	resp, err := http.ReadResponse(r.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusConflict || !bytes.Contains(said, []byte(`"upload_superseded"`)) {
		t.Errorf("the older body: %d %s", resp.StatusCode, said)
	}
	if _, err := r.answers.ReadByte(); err == nil {
		t.Error("its connection goes on")
	}
}

// pathOf is what of a signed URL any gateway takes.
func pathOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// puts sends a whole body and returns the status.
func puts(t *testing.T, address string, body io.Reader, size int) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, body)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(size)
	req.Header.Set("Content-Type", "image/jpeg")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0 // cut off while it sent
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// diskUse is what lies under a directory.
func diskUse(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if fi, err := e.Info(); err == nil {
				total += fi.Size()
			}
		}
		return nil
	})
	return total
}

func declares(t *testing.T, s *client.Session, size int) client.Upload {
	t.Helper()
	up, err := s.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(size), Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// TestOfTwoBodiesOfOneUploadTheNewerWins lets bodies of one upload come at the
// same time: at one gateway, at two that share a folder, and in both protocols.
func TestOfTwoBodiesOfOneUploadTheNewerWins(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	whole, data := make([]byte, size), t.TempDir()
	d := start(t, data, "--config", config(t, "latency=50ms", nil), "--gateways", "2")
	s, err := d.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(data, "objects")
	for name, newer := range map[string]int{"at one gateway": 0, "at another": 1} {
		up := declares(t, s, size)
		path := pathOf(t, up.UploadURL)
		older := begins(t, d.public[0], http.MethodPut, path, size, whole[:size/2], "Content-Type: image/jpeg\r\n")
		eventually(t, func() bool { return diskUse(objects) > 0 })
		if status := puts(t, d.public[newer]+path, bytes.NewReader(whole), size); status != http.StatusOK {
			t.Errorf("%s: the newer body: %d", name, status)
		}
		older.loses(t)
		if n := diskUse(objects); n != size {
			t.Errorf("%s: %d bytes are kept, want one body of %d", name, n, size)
		}
		if _, err := s.DeleteUpload(t.Context(), up.UploadID); err != nil {
			t.Fatal(err)
		}
	}
	piecesAreRivals(t, d, s, whole)
}

// piecesAreRivals lets pieces of the tus protocol come at two gateways, and a
// plain body beside them.
func piecesAreRivals(t *testing.T, d *dev, s *client.Session, whole []byte) {
	t.Helper()
	size := len(whole)
	created := pieces{d.public[0], whole}.create(t, s, nil)
	location := pathOf(t, created.Get("Location"))
	patch := func(from int) string {
		return "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: " + strconv.Itoa(from) + "\r\n"
	}
	partial := filepath.Join(d.data, "partial")
	older := begins(t, d.public[0], http.MethodPatch, location, size, whole[:size/2], patch(0))
	eventually(t, func() bool { return diskUse(partial) == int64(size/2) })
	newer := begins(t, d.public[1], http.MethodPatch, location, size/2, whole[size/2:size*3/4], patch(size/2))
	older.loses(t)
	eventually(t, func() bool { return diskUse(partial) == int64(size*3/4) })
	up, err := s.GetUpload(t.Context(), task.UploadID(created.Get("Upload-Id")))
	if err != nil {
		t.Fatal(err)
	}
	if status := puts(t, d.public[0]+pathOf(t, up.UploadURL), bytes.NewReader(whole), size); status != http.StatusOK {
		t.Errorf("the plain body: %d", status)
	}
	newer.loses(t)
	if n := diskUse(partial); n != 0 {
		t.Errorf("%d bytes of pieces are left", n)
	}
}

// TestManyBodiesOfOneUploadTakeTheRoomOfOne sends a photo of 16 MiB twenty times
// at once to one URL.
func TestManyBodiesOfOneUploadTakeTheRoomOfOne(t *testing.T) {
	t.Parallel()
	const size, many = 16 << 20, 20
	data := t.TempDir()
	d := start(t, data, "--config", config(t, "latency=50ms", nil))
	s, err := d.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := pathOf(t, declares(t, s, size).UploadURL)
	whole, objects := make([]byte, size), filepath.Join(data, "objects")
	var all []*rival
	for range many {
		all = append(all, begins(t, d.public[0], http.MethodPut, path, size, nil, "Content-Type: image/jpeg\r\n"))
	}
	var senders sync.WaitGroup
	for _, r := range all {
		senders.Go(func() { _, _ = r.Write(whole) }) // who loses is cut off
	}
	sent := make(chan struct{})
	go func() { senders.Wait(); close(sent) }()
	most := int64(0)
	for over := false; !over; {
		most = max(most, diskUse(objects))
		select {
		case <-sent:
			over = true
		case <-time.After(2 * time.Millisecond): // look again
		}
	}
	if most > 2*size { // a whole one may stay while a newer one comes
		t.Errorf("%d MiB were on the disk at once", most>>20)
	}
	eventually(t, func() bool { return diskUse(objects) == size })
}
