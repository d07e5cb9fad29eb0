package tus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	// Path is where uploads are created; their Locations are below it.
	Path = "/uploads/tus"

	version    = "1.0.0"
	extensions = "creation,creation-with-upload,termination,checksum,expiration"

	// takeover bounds how long a request waits for the one before it. That one
	// is told to stop at once.
	takeover = 8 * time.Second

	// lingering is how long work for a cancelled request may go on.
	lingering = 2 * time.Second

	largest = 1 << 40 // beyond this a length could overflow a sum
)

// uploads is what gateway/upload gives.
type uploads interface {
	Create(ctx context.Context, s session.ID, r upload.CreateRequest) (up upload.Upload, reused bool, err error)
	Get(ctx context.Context, s session.ID, id task.UploadID) (upload.Upload, error)
	Received(ctx context.Context, up upload.Upload) (bool, error)
	Begin(ctx context.Context, up upload.Upload, stop func(cause error)) (end func(), err error)
	Adopt(ctx context.Context, up upload.Upload, path string) error
	Remove(ctx context.Context, s session.ID, id task.UploadID) (objects int, err error)
}

// Deps are what the handler works with.
type Deps struct {
	Uploads   uploads
	Files     *partial.Files
	Keys      signer
	Limits    func() policy.Limits
	PublicURL string           // "" makes Locations relative
	Node      string           // this gateway's name in Locations, "" for none
	Now       func() time.Time // time.Now when nil
}

// Handler answers the requests of the tus protocol.
type Handler struct {
	deps Deps
	tusd http.Handler

	mu      sync.Mutex
	visits  map[*visit]struct{} // that run
	drained bool
}

// New prepares the handler.
func New(d Deps) (*Handler, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.PublicURL = strings.TrimSuffix(d.PublicURL, "/")
	h := &Handler{deps: d, visits: make(map[*visit]struct{})}
	parts := handler.NewStoreComposer()
	parts.UseCore(datastore{h})
	parts.UseTerminater(datastore{h})
	parts.UseLocker(locker{memorylocker.New()})
	tusd, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer: parts, BasePath: Path + "/", DisableDownload: true, DisableConcatenation: true,
		Cors:               &handler.CorsConfig{Disable: true}, // gateway/httpapi does
		AcquireLockTimeout: takeover, GracefulRequestCompletionTimeout: lingering,
		Logger: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})), // its lines would carry signed paths; gateway/httpapi logs requests
	})
	if err != nil {
		return nil, fmt.Errorf("open resumable uploads: %w", err)
	}
	h.tusd = tusd.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visit := visitOf(r.Context())
		switch {
		case visit.creates && r.Method == http.MethodPost:
			tusd.PostFile(w, r)
		case !visit.creates && r.Method == http.MethodHead:
			tusd.HeadFile(w, r)
		case !visit.creates && r.Method == http.MethodPatch:
			tusd.PatchFile(w, r)
		case !visit.creates && r.Method == http.MethodDelete:
			tusd.DelFile(w, r)
		default:
			visit.err = fault.New(fault.MethodNotAllowed)
		}
	}))
	return h, nil
}

// takeBackWithin is how long a refused request takes back its upload, which
// expires otherwise.
const takeBackWithin = time.Second

// Answer is the answer to the client. It has no body.
type Answer struct {
	Status int
	Header http.Header
}

// Discover says what the server can do; it answers OPTIONS.
func (h *Handler) Discover() http.Header {
	out := http.Header{}
	out.Set("Tus-Version", version)
	out.Set("Tus-Extension", extensions)
	out.Set("Tus-Checksum-Algorithm", algorithms)
	if limit := h.deps.Limits().MaxUploadBytes; limit > 0 {
		out.Set("Tus-Max-Size", strconv.FormatInt(limit, 10))
	}
	return out
}

// Serve answers one request. A refusal is a fault. The owner counts only where
// an upload is created; everywhere else the signed path gives the right.
// interrupt must make the current and every later read of r.Body fail. It is
// called when a newer request for the same upload comes: the connection of this
// one is probably dead.
func (h *Handler) Serve(r *http.Request, owner session.ID, interrupt func()) (Answer, error) {
	v := &visit{owner: owner, body: r.Body, interrupt: interrupt}
	h.enter(v)
	defer h.leave(v)
	ctx, cancel := context.WithCancel(r.Context()) // tusd keeps goroutines until then
	defer cancel()
	r = r.WithContext(context.WithValue(ctx, visitKey{}, v))
	if err := h.admit(r, v); err != nil {
		return Answer{}, err
	}
	w := &recorder{header: http.Header{}}
	h.tusd.ServeHTTP(w, r)
	err := v.outcome(w)
	if err != nil && v.fresh { // nobody will ever learn its Location
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
		defer cancel()
		_, rerr := h.deps.Uploads.Remove(ctx, owner, v.upload.ID)
		return Answer{}, errors.Join(err, rerr)
	}
	if err != nil {
		return Answer{}, err
	}
	h.complete(w, v)
	return Answer{Status: w.status, Header: w.header}, nil
}

// admit refuses what tusd would let pass, and reads what it does not know.
func (h *Handler) admit(r *http.Request, v *visit) (err error) {
	if r.ContentLength > largest {
		return fault.New(fault.UploadTooLarge)
	}
	if r.Header.Get("Upload-Concat") != "" {
		return fault.New(fault.TusExtensionUnsupported)
	}
	if v.sum, err = parseChecksum(r.Header.Get("Upload-Checksum")); err != nil {
		return err
	}
	if r.Body != nil {
		r.Body = struct {
			io.Reader
			io.Closer
		}{(*watched)(v), r.Body}
	}
	token, below := strings.CutPrefix(r.URL.Path, Path+"/")
	if !below {
		v.creates = true
		v.metadata = r.Header.Get("Upload-Metadata")
		r.Header.Del("X-HTTP-Method-Override")
		_, err := parseMetadata(v.metadata) // tusd drops what it cannot read
		return err
	}
	s, id, err := h.verify(r.Context(), token)
	if err != nil {
		return err
	}
	r.URL.Path = "/" + string(s) + "." + string(id) // which tusd takes for its id
	if h.late(r, s, id) {
		return fault.New(fault.UploadOffsetMismatch)
	}
	return nil
}

// late reports whether a piece begins before what has arrived already. It is
// refused without a lock and interrupts no other request: it may come from a
// connection that the phone has given up, after its next one. (When a wrong
// checksum is about to take bytes back, the client asks for the offset again.)
func (h *Handler) late(r *http.Request, s session.ID, id task.UploadID) bool {
	if r.Method != http.MethodPatch {
		return false
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		return false // tusd's to refuse
	}
	have, err := h.deps.Files.Size(s, id)
	return err == nil && offset >= 0 && offset < have
}

// complete adds what tusd does not know to an answer.
func (h *Handler) complete(w *recorder, v *visit) {
	w.header.Del("Content-Length") // of the upload, not of the answer
	w.header.Del("X-Content-Type-Options")
	up := v.upload
	if up.ID == "" {
		return
	}
	w.header.Set("Upload-Expires", up.ExpiresAt.UTC().Format(http.TimeFormat))
	if w.header.Get("Upload-Metadata") != "" {
		w.header.Set("Upload-Metadata", up.Metadata)
	}
	if v.creates {
		w.header.Set("Upload-Id", string(up.ID))
		w.header.Set("Location", h.location(up))
		if w.header.Get("Upload-Offset") == "" {
			w.header.Set("Upload-Offset", strconv.FormatInt(v.known, 10))
		}
	}
}
