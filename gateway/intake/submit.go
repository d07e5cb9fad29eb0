package intake

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Request asks for a task. What was not given is zero.
type Request struct {
	Session  session.ID
	Client   netip.Addr
	Began    time.Time // the session
	Proved   bool      // the session began with a proof of work
	Language string
	Key      string // Idempotency-Key, "" when there is none
	Refusal  error  // the caller's own answer, unless Key was used before
	Upload   task.UploadID
	Style    string
	Place    string
	Options  task.Options
	Campaign string // it is to belong to, "" for none

	RequestID string // for logs
}

// Accepted is the answer to a Submit or Regenerate.
type Accepted struct {
	Record   *task.Record
	Replayed bool // the key was used before, for the same request
}

// draft is a request that is being accepted: what was asked, the id of its task,
// and what has been found out so far.
type draft struct {
	Request
	id       task.ID
	hash     string
	fresh    bool  // never answered from the cache, never put into it
	not      int64 // the seed not to draw, -1 for none
	gone     error // the answer when the upload is not there
	choice   choice
	arm      *task.Arm // of the running experiment, nil for none
	photo    upload.Upload
	cacheKey string
	mark     string           // of its campaign
	counted  ratelimit.Client // by whom limits count it
}

// Submit accepts a task. When it returns without an error the task is durable.
// With a key it is idempotent: the same request again finds the task that the
// first one made, even after a crash at any point.
func (in *Intake) Submit(ctx context.Context, r Request) (Accepted, error) {
	hash := bodyHash(r)
	id, err := taskID(r.Session, "tasks", r.Key)
	if err != nil {
		return Accepted{}, err
	}
	d := &draft{Request: r, id: id, hash: hash, not: -1, gone: fault.New(fault.UploadNotFound)}
	return in.once(ctx, d, func() error { return nil })
}

// once answers a key that was used before, whatever the limits are now.
// Otherwise it completes the draft and accepts it.
func (in *Intake) once(ctx context.Context, d *draft, complete func() error) (answer Accepted, err error) {
	defer func() { in.met.answered(answer, err) }()
	if d.Key != "" {
		answer, err := in.replay(ctx, d)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return answer, err
		}
	}
	if d.Refusal != nil {
		return Accepted{}, d.Refusal
	}
	if err := complete(); err != nil {
		return Accepted{}, err
	}
	return in.accept(ctx, d)
}

// accept checks in this order: the newest policy, the request, the operator's
// pause, the store, the campaign, the experiment, the photo, the cache, the
// budgets. Then it enqueues the task.
func (in *Intake) accept(ctx context.Context, d *draft) (answer Accepted, err error) {
	if err := in.policy.Fresh(ctx); err != nil {
		return Accepted{}, err
	}
	if d.choice, err = in.validate(ctx, d.Request); err != nil {
		return Accepted{}, err
	}
	if err := in.checkPause(); err != nil {
		return Accepted{}, err
	}
	if err := in.store.Accepts(); err != nil {
		return Accepted{}, err // its picture could not be stored, nor one from the cache be read
	}
	if err := in.checkCampaign(d); err != nil {
		return Accepted{}, err
	}
	in.enroll(d)
	if d.photo, err = in.readyUpload(ctx, d); err != nil {
		return Accepted{}, err
	}
	if !d.fresh {
		d.cacheKey = cacheKey(d.photo.Fingerprint, d.Style, d.Place, d.Options, d.choice.version, d.arm, d.mark)
		if r, err := in.fromCache(ctx, d); err != nil || r != nil {
			return Accepted{Record: r}, err
		}
	}
	if err := in.payable(d.id, d.Campaign); err != nil {
		return Accepted{}, err
	}
	return in.enqueue(ctx, d)
}

// replay answers a key that was used before; it is fault.NotFound for a new one.
func (in *Intake) replay(ctx context.Context, d *draft) (Accepted, error) {
	r, _, err := in.queue.Known(ctx, d.Session, d.id)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return Accepted{}, fault.New(fault.TaskNotFound)
	case err != nil:
		return Accepted{}, fmt.Errorf("look up key: %w", err)
	case r.Deleted:
		return Accepted{}, fault.New(fault.TaskDeleted)
	case r.BodyHash != d.hash:
		return Accepted{}, fault.New(fault.IdempotencyMismatch)
	}
	return Accepted{Record: r, Replayed: true}, nil
}

func (in *Intake) checkPause() error {
	pause := in.policy.State().Intake
	now := in.now()
	if !pause.PausedAt(now) {
		return nil
	}
	retry := pauseRetry
	if pause.Until != nil {
		retry = max(retry, pause.Until.Sub(now))
	}
	return fault.New(fault.IntakePaused).With("reason", pause.Reason).After(retry)
}

// checkCampaign refuses a task of a campaign that is not open, and reads the
// brand mark of one that is.
func (in *Intake) checkCampaign(d *draft) error {
	if d.Campaign == "" {
		return nil
	}
	c, err := in.policy.State().Admit(d.Campaign, in.now())
	d.mark = c.BrandMark
	return err
}

func (in *Intake) readyUpload(ctx context.Context, d *draft) (upload.Upload, error) {
	up, err := in.uploads.Get(ctx, d.Session, d.Upload)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return up, d.gone
	case err != nil:
		return up, fmt.Errorf("find upload: %w", err)
	case up.Status != upload.Ready:
		return up, fault.New(fault.UploadNotReady)
	}
	return up, nil
}

// enqueue reserves what the task needs and commits the job. When a later step
// refuses, what the earlier ones took is given back.
func (in *Intake) enqueue(ctx context.Context, d *draft) (Accepted, error) {
	if err := in.queue.Accepts(); err != nil {
		return Accepted{}, err
	}
	if err := in.reserve(ctx, d); err != nil {
		return Accepted{}, err
	}
	j := in.job(d)
	seq, duplicate, err := in.queue.Submit(ctx, j, string(j.ID))
	if err == nil && duplicate {
		return in.resolve(ctx, d, j)
	}
	if err != nil {
		return Accepted{}, in.giveBack(ctx, d, err)
	}
	r := j.Accepted()
	r.Queue = in.queue.Estimate(seq)
	return Accepted{Record: r}, nil
}

// reserve takes what a task needs, or nothing. A campaign's slot comes last: what
// the quota refuses never holds one, so a script with many requests at once keeps
// nobody out.
func (in *Intake) reserve(ctx context.Context, d *draft) error {
	if d.Campaign == "" {
		if err := in.admit(ctx, d); err != nil {
			return err
		}
	}
	if err := in.quota.Reserve(ctx, d.Session, d.id); err != nil {
		if d.Campaign == "" {
			in.release(ctx, d)
		}
		return err
	}
	if d.Campaign == "" {
		return nil
	}
	err := in.admit(ctx, d)
	if err != nil {
		in.unreserve(ctx, d)
	}
	return err
}

// unreserve gives the quota of a task back that was surely not accepted: one of the
// same id that was accepted has its slot, and is not refused one.
func (in *Intake) unreserve(ctx context.Context, d *draft) {
	if err := in.quota.Finish(ctx, d.Session, d.id, false); err != nil {
		in.log.Warn("quota could not be given back", "task", d.id, "err", err)
	}
}

// admit takes an admission slot of the task's campaign, or else counts the
// task for its address and for everybody. The people of a campaign are often
// behind one address, so its own limit holds instead.
func (in *Intake) admit(ctx context.Context, d *draft) error {
	if d.Campaign != "" {
		return in.campaigns.Admit(ctx, d.Campaign, d.Session, d.id, in.config.Deadline+slotSlack)
	}
	if err := in.campaigns.AdmitOther(ctx); err != nil {
		return err
	}
	return in.countTask(ctx, d)
}

// release gives back what admit took for a task that is refused after all.
func (in *Intake) release(ctx context.Context, d *draft) {
	if d.Campaign == "" {
		in.limiter.Return(ratelimit.Task, d.counted)
	} else if err := in.campaigns.Release(ctx, d.Campaign, d.Session, d.id); err != nil {
		in.log.Warn("admission slot not released", "task", d.id, "err", err)
	}
}

// slotSlack is how long an admission slot is kept past the deadline of its
// task: the last call may still be under way.
const slotSlack = 10 * time.Minute

// giveBack undoes the reservation of a job that was surely refused. When that
// is not known the reservation stays: quota and campaign look for stale ones
// before they refuse anything.
func (in *Intake) giveBack(ctx context.Context, d *draft, cause error) error {
	code := fault.CodeOf(cause)
	sure := code == fault.QueueFull || code == fault.StorageFull
	if sure || d.Campaign == "" {
		in.release(ctx, d)
	}
	if sure {
		in.unreserve(ctx, d)
	}
	return fmt.Errorf("submit task: %w", cause)
}

// resolve answers a job that the queue has seen before. Nothing is written:
// the answer is the task as it stands. When neither a record nor a job is
// left (the message was a crash's, and its task has never come to be), the
// job is published again under a new message id.
func (in *Intake) resolve(ctx context.Context, d *draft, j *task.Job) (Accepted, error) {
	if d.Campaign == "" {
		in.release(ctx, d)
	}
	answer, err := in.replay(ctx, d)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		seq, _, err := in.queue.Submit(ctx, j, string(j.ID)+"-"+task.NewID())
		if err != nil {
			return Accepted{}, in.giveBack(ctx, d, err)
		}
		r := j.Accepted()
		r.Queue = in.queue.Estimate(seq)
		return Accepted{Record: r}, nil
	}
	if deleted := fault.CodeOf(err) == fault.TaskDeleted; deleted || err == nil && answer.Record.State.Terminal() {
		charged := !deleted && answer.Record.Counts()
		if ferr := in.quota.Finish(ctx, d.Session, d.id, charged); ferr != nil {
			in.log.Warn("quota could not be settled", "task", d.id, "err", ferr)
		}
		if d.Campaign != "" {
			in.release(ctx, d) // the task of this id released its own before this one was admitted
		}
	}
	return answer, err
}
