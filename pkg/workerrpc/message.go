package workerrpc

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Attempt asks a worker for one call to one provider. It is idempotent by
// (Task, Number): sent again it attaches to the running call or returns its
// outcome.
type Attempt struct {
	Task        task.ID
	Session     task.SessionID
	Number      int
	Provider    string        // name of the provider as configured on the worker
	Timeout     time.Duration // for the whole attempt
	PhotoURL    string        // GET: the normalised JPEG
	ImageURL    string        // PUT: the labelled picture
	ThumbURL    string        // PUT: its thumbnail, JPEG
	ManifestURL string        // PUT: the outcome as JSON, written last
	Style       catalog.Style
	Place       catalog.Place
	Options     task.Options
	Seed        int64
	PhotoWidth  int // of the photo, upright; 0 when not known; only their ratio counts
	PhotoHeight int
	BrandMark   string        // drawn into the picture beside its label, "" for none
	VendorTask  string        // not "": resume polling this vendor task instead of submitting
	AttachOnly  bool          // never start: attach or answer fault.AttemptUnknown
	RequestID   string        // of the request that made the task, for logs
	StoreWithin time.Duration // how long a picture is worth storing from now, 0 when that is not known
}

// Update is one message of a running attempt. Heartbeats have nothing set.
type Update struct {
	Progress   int       // 1…99 when > 0
	Stage      string    // a task.Stage constant, "" for none
	VendorTask string    // set once, as soon as the vendor's answer names it
	Kept       task.Kept // set once the vendor has given the picture
	Outcome    *Outcome
}

// Outcome ends an attempt. It is also the manifest, as JSON.
type Outcome struct {
	Task        task.ID      `json:"task"`
	Number      int          `json:"number"`
	Result      task.Outcome `json:"result"`
	Class       task.Class   `json:"class,omitempty"`
	Code        string       `json:"code,omitempty"`      // the vendor's own code, for operators
	Message     string       `json:"message,omitempty"`   // and its words
	RequestID   string       `json:"requestId,omitempty"` // the vendor's, for support
	VendorTask  string       `json:"vendorTask,omitempty"`
	Width       int          `json:"width,omitempty"`
	Height      int          `json:"height,omitempty"`
	ContentType string       `json:"contentType,omitempty"`
	Bytes       int64        `json:"bytes,omitempty"`
	ProviderMS  int64        `json:"providerMs,omitempty"` // time spent at the vendor, milliseconds
	PriceFen    int64        `json:"priceFen,omitempty"`
	RetryAfter  int64        `json:"retryAfterMs,omitempty"` // milliseconds, from the vendor
	Remaining   *int64       `json:"remaining,omitempty"`    // calls that the vendor still takes in its period; nil when it says nothing
}

// InspectRequest asks a worker to judge and normalise an uploaded photo.
type InspectRequest struct {
	RawURL       string // GET: what the client sent
	PhotoURL     string // PUT: the normalised JPEG
	DeclaredType string
	SHA256       string // hex, "" when the client declared none
	MaxBytes     int64
	MaxPixels    int64
	RequestID    string   // of the request that asks, for logs
	Demanding    []string // hex, SHA-256 of photos that were lately too much for decoders
	Turn         Turn
}

// Turn says with whom a photo takes turns: those of one session, of one network
// and of one site have theirs together. They are words without a meaning; empty
// ones are from a gateway that does not tell.
type Turn struct{ Site, Network, Session string }

// Inspected describes the original, upright.
type Inspected struct {
	Width, Height int
	ContentType   string // of the original, by content
	Fingerprint   string // "sha256:…" of the original bytes
	PHash         string // perceptual hash, hex
	PhotoBytes    int64  // size of the normalised JPEG
}

// Heartbeat is a worker's heartbeat, about one a second.
type Heartbeat struct {
	ID        string   `json:"id"`
	Address   string   `json:"address"`
	Region    string   `json:"region"`
	Capacity  int      `json:"capacity"`
	InFlight  int      `json:"inFlight"`
	Providers []string `json:"providers"` // names of the providers it can call
	Version   string   `json:"version"`
	Draining  bool     `json:"draining"`
	SentMS    int64    `json:"sentMs,omitempty"`   // the worker's clock when it sent this, milliseconds since 1970; 0 when it does not tell
	Inspects  int      `json:"inspects,omitempty"` // photos that it judges at once; 0 from one that does not tell
	Spooled   []string `json:"spooled,omitempty"`  // SpoolName of attempts of dead workers whose pictures it has
}

// SpoolName names an attempt whose picture is in a spool.
func SpoolName(id task.ID, number int) string { return string(id) + "/" + strconv.Itoa(number) }

// ParseSpoolName reads what SpoolName wrote.
func ParseSpoolName(name string) (id task.ID, number int, ok bool) {
	of, n, _ := strings.Cut(name, "/")
	number, err := strconv.Atoi(n)
	return task.ID(of), number, err == nil && number > 0 && task.ValidID(of)
}

// Worker is what a worker offers; Server carries it over the wire.
type Worker interface {
	// Generate runs or attaches to an attempt and calls send for each
	// update, the last of which carries the Outcome. When ctx ends (the
	// stream was lost) the attempt goes on.
	Generate(ctx context.Context, a Attempt, send func(Update) error) error
	// Cancel asks a running attempt to stop if its vendor can.
	Cancel(ctx context.Context, id task.ID, number int) error
	// Inspect judges and normalises an upload.
	Inspect(ctx context.Context, r InspectRequest) (Inspected, error)
}
