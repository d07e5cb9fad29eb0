package upload

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// inspector judges and normalises a raw photo; gateway/fleet finds a worker.
type inspector interface {
	Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
}

// Deps are what Uploads works with.
type Deps struct {
	Engine        *engine.Engine
	Store         *store.Store
	Inspector     inspector
	Limits        func() policy.Limits
	PolicyVersion func() string // of the privacy policy, from the catalogue
	Logger        *slog.Logger
	Registry      prometheus.Registerer
	Now           func() time.Time // time.Now when nil
}

// Uploads keeps the photos of sessions.
type Uploads struct{}

var errStub = errors.New("upload: not open")

// Open builds Uploads.
func Open(ctx context.Context, c Config, d Deps) (*Uploads, error) { return nil, errStub }

// Create declares a photo, or finds the same one of this session.
func (u *Uploads) Create(ctx context.Context, s session.ID, r CreateRequest) (up Upload, reused bool, err error) {
	return Upload{}, false, errStub
}

// Get finds an upload of a session.
func (u *Uploads) Get(ctx context.Context, s session.ID, id task.UploadID) (Upload, error) {
	return Upload{}, errStub
}

// PutURL is where the bytes go.
func (u *Uploads) PutURL(up Upload) string { return "" }

// Receive takes the bytes of a signed PUT. length is -1 when unknown.
func (u *Uploads) Receive(ctx context.Context, g store.Grant, body io.Reader, length int64) error {
	return errStub
}

// Complete has the photo judged and normalised.
func (u *Uploads) Complete(ctx context.Context, s session.ID, id task.UploadID) (Upload, error) {
	return Upload{}, errStub
}

// Remove deletes an upload and its objects.
func (u *Uploads) Remove(ctx context.Context, s session.ID, id task.UploadID) (objects int, err error) {
	return 0, errStub
}

// RemoveAll deletes everything of a session.
func (u *Uploads) RemoveAll(ctx context.Context, s session.ID) (uploads, objects int, err error) {
	return 0, 0, errStub
}

// List returns the uploads of a session, newest first.
func (u *Uploads) List(ctx context.Context, s session.ID) ([]Upload, error) { return nil, errStub }

// Run keeps what is remembered in memory true until ctx ends.
func (u *Uploads) Run(ctx context.Context) error { return errStub }
