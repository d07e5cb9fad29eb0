package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Deps are the stages behind the interface.
type Deps struct {
	Listener *gate.Listener // bound already; nil binds Config.Listen
	Sessions sessions
	Limiter  limiter
	Quota    accounts
	Uploads  uploads
	Tus      resumables
	Intake   intakes
	Erasure  eraser
	Store    objects
	Policy   operator
	Follow   Follow
	Ready    readier
	Version  Version
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Answered func(status int) // to people, probes left out; nil: nobody counts
	Now      func() time.Time // time.Now when nil
}

// Version is what GET /version says.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Follow starts a reader of a task's revisions, as queue.Queue.Follow does.
// (It is a function, not an interface, because that method returns its own
// concrete type.)
type Follow func(ctx context.Context, s task.SessionID, id task.ID, after uint64, resume bool) (Follower, error)

// Follower is one reader of a task's revisions, as queue.Follower is.
type Follower interface {
	Snapshot() *task.Record
	Pending() []*task.Record
	C() <-chan *task.Record
	Lost() <-chan struct{}
	Accept(ctx context.Context, r *task.Record) ([]*task.Record, error)
	Close()
}

type sessions interface {
	Create(ctx context.Context, r session.CreateRequest) (session.Created, error)
	Verify(ctx context.Context, token string) (session.Identity, error)
	LinkCode(ctx context.Context, who session.Identity) (code string, expiresAt time.Time, err error)
	Ticket(id session.ID, t task.ID, until time.Time) string
	VerifyTicket(ctx context.Context, ticket string, t task.ID) (session.ID, error)
}

// readier is gateway/readiness.
type readier interface {
	Report(ctx context.Context) readiness.Report
}

type limiter interface {
	Allow(a ratelimit.Action, client ratelimit.Client) (ratelimit.Window, error)
	Return(a ratelimit.Action, client ratelimit.Client)
	Holds(s session.ID, streams int64) (elsewhere int64)
}

type accounts interface {
	Of(ctx context.Context, id session.ID) (quota.Usage, error)
}

type uploads interface {
	Create(ctx context.Context, s session.ID, r upload.CreateRequest) (u upload.Upload, reused bool, err error)
	Get(ctx context.Context, s session.ID, id task.UploadID) (upload.Upload, error)
	Complete(ctx context.Context, s session.ID, client netip.Addr, id task.UploadID) (upload.Upload, error)
	PutURL(u upload.Upload) (url string, headers map[string]string)
	Receive(ctx context.Context, g store.Grant, body io.Reader, length int64, interrupt func()) error
}

// resumables is what gateway/upload/tus gives.
type resumables interface {
	Discover() http.Header
	Drain()
	Serve(r *http.Request, owner session.ID, interrupt func()) (tus.Answer, error)
}

type intakes interface {
	Submit(ctx context.Context, r intake.Request) (intake.Accepted, error)
	Regenerate(ctx context.Context, r intake.RegenerateRequest) (intake.Accepted, error)
	Get(ctx context.Context, s session.ID, id task.ID) (*task.Record, error)
	List(ctx context.Context, s session.ID, limit int, cursor string) (page []*task.Record, next string, err error)
	Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error)
	Feedback(ctx context.Context, s session.ID, id task.ID, rating string) error
}

type eraser interface {
	Task(ctx context.Context, s session.ID, id task.ID) (erasure.Receipt, error)
	Upload(ctx context.Context, s session.ID, id task.UploadID) (erasure.Receipt, error)
	Session(ctx context.Context, s session.ID) (erasure.Receipt, error)
}

type objects interface {
	URL(key string, until time.Time) string
	Verify(ctx context.Context, method, key string, q url.Values, now time.Time) (store.Grant, error)
	Open(ctx context.Context, key string) (*store.Object, error)
	Put(ctx context.Context, key string, r io.Reader, maxBytes int64) (n int64, err error)
}

type operator interface {
	Catalog() *catalog.Document
	Limits() policy.Limits
	State() *policy.State
}
