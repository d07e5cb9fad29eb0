package run

import (
	"context"
	"log/slog"
	"time"

	"github.com/imgfleet/imgfleet/gateway/billing"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/scrub"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// records keep the revisions of tasks.
type records interface {
	Write(ctx context.Context, r *task.Record, expect uint64) (uint64, error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
}

// caller makes calls to workers by address.
type caller interface {
	Generate(ctx context.Context, addr string, a workerrpc.Attempt, on func(workerrpc.Update)) (workerrpc.Outcome, error)
	Cancel(ctx context.Context, addr string, id task.ID, number int) error
}

// objects mints the URLs of a call and reads its manifest.
type objects interface {
	WorkerGetURL(key string, until time.Time) string
	WorkerPutURL(key, contentType string, maxBytes int64, until time.Time) string
	Open(ctx context.Context, key string) (*store.Object, error)
	DeletePrefix(ctx context.Context, prefix string) (int, error)
}

// settler closes the books of a finished task: quota and cache.
type settler interface {
	Settle(ctx context.Context, j *task.Job, r *task.Record) error
}

// arms counts what the arms of experiments did.
type arms interface {
	Post(ctx context.Context, arm task.Arm, id task.ID, c experiment.Counts) error
	Close(arm task.Arm, id task.ID)
}

// tally counts what became of people's tasks.
type tally interface {
	Ended(r *task.Record)                   // by its last revision, which we wrote
	Deleted()                               // by its person, while it ran
	Delivered(made task.Attempt, fen int64) // a picture, and what all attempts cost
}

// Uncounted is a tally for runs that nobody counts.
type Uncounted struct{}

// Ended implements tally.
func (Uncounted) Ended(*task.Record) {}

// Deleted implements tally.
func (Uncounted) Deleted() {}

// Delivered implements tally.
func (Uncounted) Delivered(task.Attempt, int64) {}

// lease is a job in our hands. It comes back when it is returned.
type lease interface {
	Ack() error
	Confirm(ctx context.Context) error // Ack, and wait until the engine has heard it
	Return(after time.Duration) error
}

// Deps are what runs work with. The second half is dispatch's to fill in.
type Deps struct {
	Router  *routing.Router
	Caller  caller
	Objects objects
	Settler settler
	Arms    arms  // nil: arms are not counted
	Tally   tally // nil: nobody counts
	Logger  *slog.Logger
	Now     func() time.Time // nil for the system's clock

	Records  records
	Billing  *billing.Store
	Accounts *billing.Accounts
	Ledger   *billing.Ledger
	Metrics  *Metrics
	Words    *scrub.Scrubber     // of what vendors say
	Untaken  *telemetry.SeldomOf // workers that took no attempt, which was said
	Unsaved  *telemetry.SeldomOf // why revisions were not written, which was said
	Stall    time.Duration       // how long a call whose worker died waits for another, before it looks whether there is one
}

func (d *Deps) since(t time.Time) time.Duration { return d.Now().Sub(t) }

func (d *Deps) until(t time.Time) time.Duration { return t.Sub(d.Now()) }
