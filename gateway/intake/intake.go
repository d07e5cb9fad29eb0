package intake

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// queue is what gateway/queue gives.
type queue interface {
	Submit(ctx context.Context, j *task.Job, messageID string) (seq uint64, duplicate bool, err error)
	Job(ctx context.Context, s task.SessionID, id task.ID) (*task.Job, uint64, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Write(ctx context.Context, r *task.Record, expect uint64) (uint64, error)
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	SignalCancel(s task.SessionID, id task.ID) error
	Estimate(seq uint64) *task.Position
}

// uploads is what gateway/upload gives.
type uploads interface {
	Get(ctx context.Context, s session.ID, id task.UploadID) (upload.Upload, error)
}

// ledger is what the quota ledger of gateway/session gives.
type ledger interface {
	Reserve(ctx context.Context, s session.ID, id task.ID) error
	Finish(ctx context.Context, s session.ID, id task.ID, charged bool) error
}

// limiter is what the rate limiter of gateway/session gives.
type limiter interface {
	Allow(action session.Action, client netip.Addr) (session.Window, error)
	Return(action session.Action, client netip.Addr)
}

// text is what pkg/moderation gives.
type text interface {
	Check(ctx context.Context, text string) (masked string, err error)
}

// operator is what gateway/policy gives.
type operator interface {
	State() *policy.State
	Catalog() *catalog.Document
}

// objects is what gateway/store gives.
type objects interface {
	Copy(ctx context.Context, from, to string) error
}

// Deps are what the intake works with.
type Deps struct {
	Engine   *engine.Engine
	Queue    queue
	Uploads  uploads
	Ledger   ledger
	Limiter  limiter
	Text     text
	Policy   operator
	Store    objects
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Intake accepts tasks.
type Intake struct{}

// Request asks for a task.
type Request struct {
	Session  session.ID
	Client   netip.Addr
	Language string
	Key      string // Idempotency-Key, "" when there is none
	Upload   task.UploadID
	Style    string
	Place    string
	Options  task.Options
}

// RegenerateRequest asks for another picture of the same; nil keeps.
type RegenerateRequest struct {
	Session  session.ID
	Client   netip.Addr
	Language string
	Key      string
	Task     task.ID
	Style    *string
	Place    *string
	Options  *task.Options
}

// Accepted is the answer to both.
type Accepted struct {
	Record   *task.Record
	Replayed bool // the key was used before
}

var errStub = errors.New("intake: not open")

// Open builds the intake.
func Open(ctx context.Context, c Config, d Deps) (*Intake, error) { return nil, errStub }

// Submit accepts a task.
func (in *Intake) Submit(ctx context.Context, r Request) (Accepted, error) {
	return Accepted{}, errStub
}

// Regenerate accepts another task like one there is.
func (in *Intake) Regenerate(ctx context.Context, r RegenerateRequest) (Accepted, error) {
	return Accepted{}, errStub
}

// Get finds a task of a session.
func (in *Intake) Get(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	return nil, errStub
}

// List returns a page of a session's tasks, newest first.
func (in *Intake) List(ctx context.Context, s session.ID, limit int, cursor string) (page []*task.Record, next string, err error) {
	return nil, "", errStub
}

// Cancel asks for the end of a task.
func (in *Intake) Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	return nil, errStub
}

// Feedback keeps what a person thinks of a result.
func (in *Intake) Feedback(ctx context.Context, s session.ID, id task.ID, rating string) error {
	return errStub
}

// Settle books the end of a task.
func (in *Intake) Settle(ctx context.Context, j *task.Job, r *task.Record) error { return errStub }

// Run mirrors what sessions have cached until ctx ends.
func (in *Intake) Run(ctx context.Context) error { return errStub }
