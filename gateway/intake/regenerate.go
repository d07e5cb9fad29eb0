package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// RegenerateRequest asks for another picture like that of a task. A nil field,
// and each zero field of Options, keeps what the task had.
type RegenerateRequest struct {
	Session  session.ID
	Client   netip.Addr
	Began    time.Time // the session
	Proved   bool      // the session began with a proof of work
	Language string
	Key      string // Idempotency-Key, "" when there is none
	Refusal  error  // the caller's own answer, unless Key was used before
	Task     task.ID
	Style    *string
	Place    *string
	Options  *task.Options

	RequestID string // for logs
}

// Regenerate accepts a new task like an earlier one. It has a new seed unless one
// is given, and is in the same campaign while that is open. The cache neither
// answers it nor keeps its picture. When the photo is gone it is
// fault.UploadExpired.
func (in *Intake) Regenerate(ctx context.Context, r RegenerateRequest) (Accepted, error) {
	id, err := taskID(r.Session, "tasks/"+string(r.Task)+"/regenerate", r.Key)
	if err != nil {
		return Accepted{}, err
	}
	hash, err := regenerateHash(r)
	if err != nil {
		return Accepted{}, err
	}
	d := &draft{
		Request: Request{Session: r.Session, Client: r.Client, Began: r.Began, Proved: r.Proved, Language: r.Language, Key: r.Key, Refusal: r.Refusal, RequestID: r.RequestID},
		id:      id, hash: hash, fresh: true, gone: fault.New(fault.UploadExpired),
	}
	var from *task.Record
	answer, err := in.once(ctx, d, func() (err error) {
		if from, err = in.Get(ctx, r.Session, r.Task); err != nil {
			return err
		}
		d.Upload, d.not = from.Upload, from.Seed
		d.Style, d.Place = or(r.Style, from.Style), or(r.Place, from.Place)
		d.Options = merge(from.Options, r.Options)
		if _, err := in.policy.State().Admit(from.Campaign, in.now()); err == nil {
			d.Campaign = from.Campaign
		}
		return nil
	})
	if err == nil {
		in.again(from)
	}
	return answer, err
}

// regenerateHash is of what was sent: what it means changes with the task.
func regenerateHash(r RegenerateRequest) (string, error) {
	sent, err := json.Marshal([]any{r.Task, r.Style, r.Place, r.Options})
	if err != nil { // a float that JSON cannot say
		return "", fault.Wrap(fault.InvalidRequest, fmt.Errorf("encode request: %w", err))
	}
	return digest(string(sent)), nil
}

func or(given *string, kept string) string {
	if given != nil {
		return *given
	}
	return kept
}

// merge keeps what is not given, except the seed: the same seed would give the
// same picture.
func merge(kept task.Options, given *task.Options) task.Options {
	kept.Seed = nil
	if given == nil {
		return kept
	}
	if given.Aspect != "" {
		kept.Aspect = given.Aspect
	}
	if given.Resolution != "" {
		kept.Resolution = given.Resolution
	}
	if given.Steps != 0 {
		kept.Steps = given.Steps
	}
	if given.CFG != 0 {
		kept.CFG = given.CFG
	}
	if given.Note != "" {
		kept.Note = given.Note
	}
	kept.Seed = given.Seed
	return kept
}
