package erasure

import (
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Receipt says what was removed.
type Receipt struct {
	ReceiptID string
	Uploads   int
	Tasks     int
	Objects   int
	At        time.Time
}

// Eraser removes tasks, uploads and whole sessions.
type Eraser struct{}

var errStub = errors.New("erasure: not open")

// Task removes one task.
func (e *Eraser) Task(ctx context.Context, s session.ID, id task.ID) (Receipt, error) {
	return Receipt{}, errStub
}

// Upload removes one upload.
func (e *Eraser) Upload(ctx context.Context, s session.ID, id task.UploadID) (Receipt, error) {
	return Receipt{}, errStub
}

// Session removes everything a session owns.
func (e *Eraser) Session(ctx context.Context, s session.ID) (Receipt, error) {
	return Receipt{}, errStub
}

// Run finishes what was left behind, until ctx ends.
func (e *Eraser) Run(ctx context.Context) error { return errStub }
