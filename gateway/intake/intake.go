package intake

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// queue is what gateway/queue gives.
type queue interface {
	Accepts() error
	Submit(ctx context.Context, j *task.Job, messageID string) (seq uint64, duplicate bool, err error)
	Lookup(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Known(ctx context.Context, s task.SessionID, id task.ID) (*task.Record, uint64, error)
	Write(ctx context.Context, r *task.Record, expect uint64) (uint64, error)
	Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error)
	SignalCancel(s task.SessionID, id task.ID) error
	Estimate(seq uint64) *task.Position
}

// uploads is what gateway/upload gives.
type uploads interface {
	Get(ctx context.Context, s session.ID, id task.UploadID) (upload.Upload, error)
}

// accounts is what gateway/quota gives.
type accounts interface {
	Of(ctx context.Context, s task.SessionID) (quota.Usage, error)
	Reserve(ctx context.Context, s session.ID, id task.ID) error
	Finish(ctx context.Context, s session.ID, id task.ID, charged bool) error
}

// limiter is what the limiter of gateway/ratelimit gives.
type limiter interface {
	Allow(action ratelimit.Action, client ratelimit.Client) (ratelimit.Window, error)
	Return(action ratelimit.Action, client ratelimit.Client)
}

// text is what pkg/moderation gives.
type text interface {
	Check(ctx context.Context, text string) (masked string, err error)
}

// operator is what gateway/policy gives.
type operator interface {
	Fresh(ctx context.Context) error
	State() *policy.State
	Catalog() *catalog.Document
	Words(version int) *catalog.Document
}

// campaigns is what gateway/campaign gives.
type campaigns interface {
	Admit(ctx context.Context, name string, s task.SessionID, id task.ID, kept time.Duration) error
	Release(ctx context.Context, name string, s task.SessionID, id task.ID) error
	AdmitOther(ctx context.Context) error
}

// noCampaigns is for an intake without any.
type noCampaigns struct{}

func (noCampaigns) Admit(context.Context, string, task.SessionID, task.ID, time.Duration) error {
	return fault.New(fault.CampaignUnknown)
}
func (noCampaigns) Release(context.Context, string, task.SessionID, task.ID) error { return nil }
func (noCampaigns) AdmitOther(context.Context) error                               { return nil }

// tally counts tasks that end here.
type tally interface {
	Ended(r *task.Record) // by its last revision, which we wrote
}

// uncounted is for an intake whose tasks nobody counts.
type uncounted struct{}

func (uncounted) Ended(*task.Record) {}

// objects is what gateway/store gives.
type objects interface {
	Accepts() error
	Copy(ctx context.Context, from, to string) error
}

// arms is what the desk of gateway/experiment gives.
type arms interface {
	Choose(state *policy.State, s task.SessionID) (policy.Arm, *task.Arm)
	Feedback(arm task.Arm, c experiment.Counts)
}

// Deps are what the intake works with.
type Deps struct {
	Engine   *engine.Engine
	Queue    queue
	Uploads  uploads
	Quota    accounts
	Limiter  limiter
	Text     text
	Policy   operator
	Store    objects
	Arms     arms // nil: no session takes part in experiments
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil

	Campaigns campaigns // nil: there are none
	Tally     tally     // nil: nobody counts

	// Payable refuses a task that nobody may be paid for any more today; nil
	// refuses none.
	Payable func(id task.ID, campaign string) error
}

// Intake accepts tasks and answers for them until they end.
type Intake struct {
	config   Config
	queue    queue
	uploads  uploads
	quota    accounts
	limiter  limiter
	text     text
	policy   operator
	store    objects
	cache    *cache
	feedback *engine.Bucket
	arms     arms
	repeats  chan *task.Record // pictures that were made again
	log      *slog.Logger
	met      metrics
	now      func() time.Time
	payable  func(task.ID, string) error

	campaigns campaigns
	tally     tally
}

// Open prepares the intake.
func Open(ctx context.Context, c Config, d Deps) (*Intake, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	if d.Campaigns == nil {
		d.Campaigns = noCampaigns{}
	}
	if d.Tally == nil {
		d.Tally = uncounted{}
	}
	if d.Payable == nil {
		d.Payable = func(task.ID, string) error { return nil }
	}
	met := newMetrics(d.Registry)
	cache, err := openCache(ctx, d.Engine, c.wanted(), c.Retention)
	if err != nil {
		return nil, fmt.Errorf("open intake: %w", err)
	}
	feedback, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: FeedbackBucket, MaxAge: c.wanted()})
	if err != nil {
		return nil, fmt.Errorf("open intake: %w", err)
	}
	return &Intake{
		config: c, queue: d.Queue, uploads: d.Uploads, quota: d.Quota, limiter: d.Limiter, text: d.Text, policy: d.Policy,
		store: d.Store, cache: cache, feedback: feedback, arms: d.Arms, repeats: make(chan *task.Record, againMost), log: d.Logger, met: met, now: d.Now, payable: d.Payable, campaigns: d.Campaigns, tally: d.Tally,
	}, nil
}

// Run mirrors which answers are cached, and counts what was made again, until
// ctx ends.
func (in *Intake) Run(ctx context.Context) error {
	var repeats sync.WaitGroup
	defer repeats.Wait()
	repeats.Go(func() { in.runRepeats(ctx) })
	return in.cache.mirror.Run(ctx)
}

// lookup finds a session's task, its tombstone included. Ids from outside
// that cannot be ids are not found either.
func (in *Intake) lookup(ctx context.Context, s session.ID, id task.ID) (*task.Record, uint64, error) {
	if !task.ValidID(string(s)) || !task.ValidID(string(id)) {
		return nil, 0, fault.New(fault.TaskNotFound)
	}
	r, revision, err := in.queue.Lookup(ctx, s, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil, 0, fault.New(fault.TaskNotFound)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look up task: %w", err)
	}
	return r, revision, nil
}

// Get finds a task of a session. One that never was, is somebody else's or
// was deleted is fault.TaskNotFound.
func (in *Intake) Get(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	r, _, err := in.live(ctx, s, id)
	return r, err
}

// live is lookup without tombstones.
func (in *Intake) live(ctx context.Context, s session.ID, id task.ID) (*task.Record, uint64, error) {
	r, revision, err := in.lookup(ctx, s, id)
	if err == nil && r.Deleted {
		return nil, 0, fault.New(fault.TaskNotFound)
	}
	return r, revision, err
}
