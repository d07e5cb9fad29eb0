package tus

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
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

// stage stands in for gateway/upload.
type stage struct {
	mu    sync.Mutex
	files *partial.Files
	ups   map[task.UploadID]upload.Upload
	whole map[task.UploadID]string
	known map[string]task.UploadID // ready uploads by their SHA-256
	found chan struct{}            // says that a request has found its upload
	limit int64
}

func (s *stage) Create(_ context.Context, owner session.ID, r upload.CreateRequest) (upload.Upload, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.ContentType == "" || r.Size <= 0:
		return upload.Upload{}, false, fault.New(fault.InvalidRequest)
	case !r.Consent.Given:
		return upload.Upload{}, false, fault.New(fault.ConsentRequired)
	case r.Size > s.limit:
		return upload.Upload{}, false, fault.New(fault.UploadTooLarge)
	}
	if id, ok := s.known[r.SHA256]; ok {
		return s.ups[id], true, nil
	}
	up := upload.Upload{
		ID: task.UploadID(task.NewID()), Session: owner, Status: upload.Pending, Size: r.Size, Metadata: r.Metadata, SHA256: r.SHA256,
		ExpiresAt: time.Now().Add(time.Hour),
	}
	s.ups[up.ID] = up
	return up, false, nil
}

func (s *stage) Get(_ context.Context, owner session.ID, id task.UploadID) (upload.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, ok := s.ups[id]
	if !ok || up.Session != owner {
		return upload.Upload{}, fault.New(fault.UploadNotFound)
	}
	select {
	case s.found <- struct{}{}:
	default:
	}
	return up, nil
}

func (s *stage) Received(_ context.Context, up upload.Upload) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.whole[up.ID]
	return ok || up.Status == upload.Ready, nil
}

func (s *stage) Begin(context.Context, upload.Upload, func(error)) (func(), error) {
	return func() {}, nil
}

func (s *stage) Adopt(_ context.Context, up upload.Upload, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := os.ReadFile(path)
	if _, ok := s.ups[up.ID]; !ok || os.IsNotExist(err) {
		return fault.New(fault.UploadNotFound)
	}
	if err != nil {
		return err
	}
	s.whole[up.ID] = string(b)
	return os.Remove(path)
}

func (s *stage) Remove(_ context.Context, owner session.ID, id task.UploadID) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ups, id)
	delete(s.whole, id)
	_, err := s.files.Remove(owner, id)
	return 1, err
}

func (s *stage) judged(id task.UploadID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	up := s.ups[id]
	up.Status = upload.Ready
	s.ups[id] = up
	delete(s.whole, id)
	s.known[up.SHA256] = id
}

// expire forgets the record, as the engine does when its time has come.
func (s *stage) expire(id task.UploadID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ups, id)
}

func (s *stage) bytes(id task.UploadID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole[id]
}

// fixture is the handler behind a plain HTTP server, whose every caller has
// the same session.
type fixture struct {
	t     *testing.T
	stage *stage
	files *partial.Files
	owner session.ID
	base  string
	clock time.Duration
	node  string
}

func start(t *testing.T) *fixture {
	t.Helper()
	c := partial.Defaults()
	c.Dir, c.MinFree = t.TempDir(), 0
	files, err := partial.Open(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, files: files, owner: session.ID(task.NewID())}
	f.stage = &stage{files: files, ups: map[task.UploadID]upload.Upload{}, whole: map[task.UploadID]string{}, known: map[string]task.UploadID{}, found: make(chan struct{}, 1), limit: 1 << 20}
	f.gateway()
	return f
}

// gateway starts a handler that knows nothing but what is on the disk.
func (f *fixture) gateway() {
	f.t.Helper()
	h, err := New(Deps{
		Uploads: f.stage, Files: f.files, Keys: ring{}, Node: f.node,
		Limits: func() policy.Limits { return policy.Limits{MaxUploadBytes: f.stage.limit} },
		Now:    func() time.Time { return time.Now().Add(f.clock) },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := h.Serve(r, f.owner, func() { _ = http.NewResponseController(w).SetReadDeadline(time.Now()) })
		if err != nil {
			w.Header().Set("Code", string(fault.CodeOf(err)))
			w.WriteHeader(int(fault.KindOf(err)) + 600)
			return
		}
		for name, values := range a.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.Status)
	}))
	f.t.Cleanup(s.Close)
	f.base = s.URL
}

// reply is an answer; a refusal has a kind and a code instead of a status.
type reply struct {
	status int
	kind   fault.Kind
	code   string
	header http.Header
}

func (r reply) offset() int64 {
	n, err := strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func (f *fixture) try(method, path string, body io.Reader, headers ...string) (reply, error) {
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.base+path, body)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	r := reply{status: resp.StatusCode, code: resp.Header.Get("Code"), header: resp.Header}
	if r.status >= 600 {
		r.kind, r.status = fault.Kind(r.status-600), 0
	}
	return r, nil
}

func (f *fixture) do(method, path string, body string, headers ...string) reply {
	f.t.Helper()
	r, err := f.try(method, path, strings.NewReader(body), headers...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

const metadata = "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ=="

// create declares an upload and returns where to go on.
func (f *fixture) create(size int) (location string, id task.UploadID) {
	f.t.Helper()
	r := f.do("POST", Path, "", "Upload-Length", strconv.Itoa(size), "Upload-Metadata", metadata)
	if r.status != 201 {
		f.t.Fatalf("create: %+v", r)
	}
	return r.header.Get("Location"), task.UploadID(r.header.Get("Upload-Id"))
}

func (f *fixture) patch(location string, offset int, body string, headers ...string) reply {
	f.t.Helper()
	return f.do("PATCH", location, body, append([]string{
		"Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream",
	}, headers...)...)
}

// resume goes on as a client does: while an older request still brings bytes,
// the offset may be another by the time that the next one comes.
func (f *fixture) resume(location, whole string) {
	f.t.Helper()
	for range 10 {
		offset := int(f.do("HEAD", location, "").offset())
		r := f.patch(location, offset, whole[offset:])
		if r.status == 204 {
			return
		}
		if r.code != "upload_offset_mismatch" {
			f.t.Fatalf("resumed at %d: %+v", offset, r)
		}
	}
	f.t.Fatal("it cannot be resumed")
}

// slow is a body that comes when the test says so.
func slow() (io.Reader, io.WriteCloser) { return io.Pipe() }

var errCut = errors.New("cut")
