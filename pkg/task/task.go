package task

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Options are what a person may choose. Zero values mean "not given";
// Seed is a pointer because 0 is a seed.
type Options struct {
	Aspect     string  `json:"aspect,omitempty"`
	Resolution string  `json:"resolution,omitempty"`
	Steps      int     `json:"steps,omitempty"`
	CFG        float64 `json:"cfg,omitempty"`
	Seed       *int64  `json:"seed,omitempty"` // 0…2147483647
	Note       string  `json:"note,omitempty"` // masked and judged free text, at most 200 characters
}

// Job is an accepted request, whole and immutable: the queue message that is
// the commit point of a task. It carries all that dispatch and a worker need.
type Job struct {
	ID             ID            `json:"id"`
	Session        SessionID     `json:"session"`
	Network        string        `json:"network"`            // the client's IP prefix (/24 or /48), for fairness
	Region         string        `json:"region,omitempty"`   // preferred region, "" for none
	Language       string        `json:"language,omitempty"` // of the person: "zh-CN" or "en"
	CreatedAt      time.Time     `json:"createdAt"`
	Deadline       time.Time     `json:"deadline"`  // not finished by then: expired
	ExpiresAt      time.Time     `json:"expiresAt"` // all of it is removed then
	BodyHash       string        `json:"bodyHash"`  // of the parsed request, for Idempotency-Key
	Upload         UploadID      `json:"upload"`
	Fingerprint    string        `json:"fingerprint"`          // "sha256:…" of the original photo
	PhotoKey       string        `json:"photoKey"`             // object key of the normalised JPEG
	PhotoWidth     int           `json:"photoWidth,omitempty"` // of the original, upright
	PhotoHeight    int           `json:"photoHeight,omitempty"`
	Style          catalog.Style `json:"style"`
	Place          catalog.Place `json:"place"`
	Options        Options       `json:"options"` // as sent
	Seed           int64         `json:"seed"`    // as drawn or given
	CatalogVersion int           `json:"catalogVersion"`
	CacheKey       string        `json:"cacheKey,omitempty"`  // "" when the result must not enter the cache
	Arm            *Arm          `json:"arm,omitempty"`       // nil: its session takes part in no experiment
	Campaign       string        `json:"campaign,omitempty"`  // it belongs to, by name
	BrandMark      string        `json:"brandMark,omitempty"` // of that campaign, for the picture
	RequestID      string        `json:"requestId,omitempty"` // of the request that made it; it stands in every log
}

// Arm is the arm of an experiment that a task was given when it was accepted.
// It keeps it to its end, whichever provider makes the picture.
type Arm struct {
	Experiment string `json:"experiment"`
	Name       string `json:"name"`
	Provider   string `json:"provider"` // asked first
	Book       string `json:"book"`     // of this experiment and no other, also when its name is used again
}

// Position is a task's place in the queue and what that means in time.
type Position struct {
	Position int     `json:"position"` // tasks ahead + 1
	P50      float64 `json:"p50"`      // seconds until finished, median
	P90      float64 `json:"p90"`      // seconds until finished, 90th percentile
}

// Result is a finished picture. Keys are object keys; URLs are minted when a
// document is delivered and never stored.
type Result struct {
	ImageKey     string `json:"imageKey"`
	ThumbnailKey string `json:"thumbnailKey"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	ContentType  string `json:"contentType"`
	Bytes        int64  `json:"bytes"`
}

// Failure is why a task failed, in codes; sentences are made at delivery.
type Failure struct {
	Code      fault.Code        `json:"code"`
	Kind      string            `json:"kind"` // a fault.Kind by name
	Retryable bool              `json:"retryable"`
	Params    map[string]string `json:"params,omitempty"`
}

// Fail says why a task failed. What follows from the code is recorded, too: a
// record outlives the release that wrote it.
func Fail(code fault.Code) *Failure {
	return &Failure{Code: code, Kind: code.Kind().String(), Retryable: code.Retryable()}
}

// Record is one revision of a task: the whole record and the event that made
// it. Version is the event's id: 1, 2, 3 …; version 1 is implied by the job.
type Record struct {
	ID             ID         `json:"id"`
	Session        SessionID  `json:"session"`
	Version        uint64     `json:"version"`
	Event          Event      `json:"event"`
	State          State      `json:"state"`
	Progress       int        `json:"progress"` // 0…100; 100 only with success
	Stage          string     `json:"stage"`    // see the Stage constants
	Queue          *Position  `json:"queue,omitempty"`
	CreatedAt      time.Time  `json:"createdAt"`
	StartedAt      *time.Time `json:"startedAt,omitempty"`
	FinishedAt     *time.Time `json:"finishedAt,omitempty"`
	Deadline       time.Time  `json:"deadline"`
	ExpiresAt      time.Time  `json:"expiresAt"`
	BodyHash       string     `json:"bodyHash,omitempty"`
	Upload         UploadID   `json:"upload,omitempty"`
	Fingerprint    string     `json:"fingerprint,omitempty"`
	PhotoKey       string     `json:"photoKey,omitempty"`
	Style          string     `json:"style,omitempty"`
	Place          string     `json:"place,omitempty"`
	Options        Options    `json:"options"`
	Seed           int64      `json:"seed"`
	CatalogVersion int        `json:"catalogVersion,omitempty"`
	Result         *Result    `json:"result,omitempty"`
	Failure        *Failure   `json:"failure,omitempty"`
	Degraded       bool       `json:"degraded,omitempty"`
	Cached         bool       `json:"cached,omitempty"`
	Campaign       string     `json:"campaign,omitempty"`
	BrandMark      string     `json:"brandMark,omitempty"`
	Canceling      bool       `json:"canceling,omitempty"` // a cancel was asked for
	Attempts       []Attempt  `json:"attempts,omitempty"`
	Arm            *Arm       `json:"arm,omitempty"`
	RequestID      string     `json:"requestId,omitempty"`
	Deleted        bool       `json:"deleted,omitempty"` // a tombstone: only what the books need is left
	Charged        bool       `json:"charged,omitempty"` // of a tombstone: it counts towards the quota of its day
}

// The stages a person sees. They are codes; sentences are made at delivery.
const (
	StageQueued     = "queued"
	StageStarting   = "starting"
	StageGenerating = "generating"
	StageFinishing  = "finishing"
	StageSlow       = "slow"     // past noticeAfter
	StageRetrying   = "retrying" // another attempt follows
	StageCanceling  = "canceling"
	StageDone       = "done"
)

// Attempt is one call to one provider: written before the call, completed
// after it. It is for operators and for the books.
type Attempt struct {
	Number     int        `json:"number"` // 1, 2, 3 …
	Provider   string     `json:"provider"`
	Model      string     `json:"model,omitempty"` // of the provider, as it is billed
	Region     string     `json:"region"`
	Worker     string     `json:"worker"`  // worker id
	Address    string     `json:"address"` // where to attach again
	StartedAt  time.Time  `json:"startedAt"`
	EndedAt    *time.Time `json:"endedAt,omitempty"`
	VendorTask string     `json:"vendorTask,omitempty"`
	Outcome    Outcome    `json:"outcome,omitempty"` // "" while it runs
	Class      Class      `json:"class,omitempty"`
	Code       string     `json:"code,omitempty"`      // the vendor's own, for operators
	Message    string     `json:"message,omitempty"`   // and its words
	RequestID  string     `json:"requestId,omitempty"` // the vendor's, for its support
	PriceFen   int64      `json:"priceFen,omitempty"`
	VendorMS   int64      `json:"vendorMs,omitempty"` // of it at the vendor, milliseconds, as far as its worker told
	Hedge      bool       `json:"hedge,omitempty"`    // started while the one before still ran
	Kept       Kept       `json:"kept,omitempty"`     // its picture is made: where its worker keeps it until it is stored
}

// Kept says where a picture is that is paid for and not stored yet.
type Kept string

// The places. What is in memory ends with its worker; what is in the spool
// waits for the next one that opens it.
const (
	KeptNowhere Kept = ""
	KeptMemory  Kept = "memory"
	KeptSpool   Kept = "spool"
)

// Outcome is what is known of an attempt, in terms of money.
type Outcome string

// The outcomes. Unknown means the vendor may have worked and billed.
const (
	NotSent        Outcome = "not_sent"
	Rejected       Outcome = "rejected"
	FailedUnbilled Outcome = "failed_unbilled"
	Unknown        Outcome = "unknown"
	OK             Outcome = "ok"
)

// Class is why an attempt did not give a picture.
type Class string

// The classes; the provider drivers map every vendor error to one of them.
const (
	ClassNone      Class = ""
	ClassNetwork   Class = "network"
	ClassTimeout   Class = "timeout"
	ClassTransient Class = "transient"
	ClassRate      Class = "rate"
	ClassQuota     Class = "quota"
	ClassContent   Class = "content"
	ClassAuth      Class = "auth"
	ClassInput     Class = "input"
	ClassCanceled  Class = "canceled"
	ClassBusy      Class = "busy" // the worker was full; nothing was sent
)

// Accepted is the record that a job implies before anybody wrote one: version
// 1, queued.
func (j *Job) Accepted() *Record {
	return &Record{
		ID: j.ID, Session: j.Session, Version: 1, Event: EventQueued, State: Queued, Stage: StageQueued,
		CreatedAt: j.CreatedAt, Deadline: j.Deadline, ExpiresAt: j.ExpiresAt, BodyHash: j.BodyHash,
		Upload: j.Upload, Fingerprint: j.Fingerprint, PhotoKey: j.PhotoKey,
		Style: j.Style.ID, Place: j.Place.ID, Options: j.Options, Seed: j.Seed, CatalogVersion: j.CatalogVersion,
		Arm: j.Arm, Campaign: j.Campaign, BrandMark: j.BrandMark, RequestID: j.RequestID,
	}
}

// Running returns the first attempt that has no outcome yet, or nil. There
// can be a second one, its hedge.
func (r *Record) Running() *Attempt {
	for i := range r.Attempts {
		if r.Attempts[i].Outcome == "" {
			return &r.Attempts[i]
		}
	}
	return nil
}

// Attempt returns the attempt with a number, or nil.
func (r *Record) Attempt(number int) *Attempt {
	for i := range r.Attempts {
		if r.Attempts[i].Number == number {
			return &r.Attempts[i]
		}
	}
	return nil
}

// Tombstone is what is left of a deleted record: an id that says no, what its
// calls cost, for the ledger, and
// whether it counts towards the quota of the day it was made on, so that
// deleting a picture does not give it back.
func (r *Record) Tombstone() *Record {
	dead := &Record{
		ID: r.ID, Session: r.Session, Version: r.Version + 1, Event: EventDeleted, Deleted: true,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, Charged: r.Counts(),
	}
	for _, a := range r.Attempts {
		a.VendorTask, a.Code, a.Message, a.RequestID = "", "", "", ""
		dead.Attempts = append(dead.Attempts, a)
	}
	return dead
}

// Counts reports whether the task is charged to its session's quota as it
// stands: it succeeded, or was given up after a provider had been asked. A
// cached answer is free; failed and expired tasks are given back.
func (r *Record) Counts() bool {
	switch {
	case r.Deleted:
		return r.Charged
	case r.Cached:
		return false
	case r.State == Succeeded:
		return true
	case r.State == Failed || r.State == Expired:
		return false
	default:
		return r.Started()
	}
}

// Started reports whether a provider was ever asked.
func (r *Record) Started() bool { return len(r.Attempts) > 0 }
