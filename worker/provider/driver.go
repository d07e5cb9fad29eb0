package provider

import (
	"context"
	"errors"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Driver talks to one vendor. Make must honour ctx, must not retry, and must
// return a *Failure for everything that goes wrong: what happened in terms of
// money, and why.
type Driver interface {
	Name() string
	Make(ctx context.Context, r Request, report func(Progress)) (Picture, error)
}

// Canceler is a Driver whose vendor documents how work is taken back. Cancel
// asks for that once. It returns nil only when the vendor said that the work
// will not be done, and so is not billed.
type Canceler interface {
	Cancel(ctx context.Context, vendorTask string) error
}

// ErrCanceled is the cause of a context whose call was canceled. The result of a
// call that ends for another cause may still be needed.
var ErrCanceled = errors.New("attempt canceled")

// Request is one picture to make.
type Request struct {
	// ID is stable over repeats of the same attempt: vendors that know
	// idempotency keys get it.
	ID string
	// Text to Seed are ready for the configured model: in its language, its
	// spelling and its ranges, each within its limits. What is zero (an empty
	// Size, no steps) is not sent. pkg/prompt makes them.
	Text     string
	Negative string // "" also when the model takes none: Text says it then
	Size     string // as the model spells it: "2K", "1024x1024", "1024*1024", "1024:1024"
	Width    int    // the same in pixels; 0 when the model chooses
	Height   int
	Steps    int
	CFG      float64
	Strength float64 // 0…1, how far from the photo
	// Seed is within the model's range; -1: the model takes none.
	Seed    int64
	Style   catalog.Style
	Place   catalog.Place
	Options task.Options // as the person sent them; only the mock looks at these
	// PhotoURL serves the normalised JPEG for a few minutes, to vendors that
	// fetch for themselves.
	PhotoURL string
	// Photo fetches the normalised JPEG. A driver that does not need the
	// bytes does not call it. Its error is a *Failure, not sent.
	Photo func(ctx context.Context) ([]byte, error)
	// VendorTask, when not empty, is a call that was already paid for: the
	// driver polls it and submits nothing.
	VendorTask string
}

// Progress is what a driver reports while it works.
type Progress struct {
	Percent    int    // 1…99, 0 when it says nothing of it
	VendorTask string // the vendor's id of the call, as soon as it is known
}

// Picture is a vendor's answer, raw and not yet labelled.
type Picture struct {
	Data []byte // JPEG or PNG
	// Stable, when not empty, names bytes that never change, so that what is
	// made of them may be kept. Only load tests have such pictures.
	Stable     string
	RequestID  string // the vendor's, for support
	VendorTask string
	PriceFen   int64 // 0: the configured price counts
	// Remaining is what the vendor says may still be asked for in its period;
	// nil when it says nothing.
	Remaining *int64
}
