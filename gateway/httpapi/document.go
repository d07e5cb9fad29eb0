package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// taskDocument is what a person sees of a task. It names no vendor and no
// region, and its URLs are minted anew each time it is delivered.
type taskDocument struct {
	TaskID     task.ID         `json:"taskId"`
	State      task.State      `json:"state"`
	Version    uint64          `json:"version"`
	Progress   int             `json:"progress"`
	Stage      string          `json:"stage"`
	Message    string          `json:"message"`
	Queue      *queueDocument  `json:"queue,omitempty"`
	CreatedAt  time.Time       `json:"createdAt"`
	StartedAt  *time.Time      `json:"startedAt,omitempty"`
	FinishedAt *time.Time      `json:"finishedAt,omitempty"`
	ExpiresAt  time.Time       `json:"expiresAt"`
	Style      string          `json:"style"`
	Place      string          `json:"place"`
	Options    task.Options    `json:"options"`
	UploadID   task.UploadID   `json:"uploadId"`
	Result     *resultDocument `json:"result,omitempty"`
	Error      *problem        `json:"error,omitempty"`
	Degraded   bool            `json:"degraded,omitempty"`
	Cached     bool            `json:"cached,omitempty"`
	Campaign   string          `json:"campaign,omitempty"`
	Links      linksDocument   `json:"links"`
}

type queueDocument struct {
	Position int         `json:"position"`
	ETA      etaDocument `json:"eta"`
}

type etaDocument struct {
	P50 float64 `json:"p50Seconds"`
	P90 float64 `json:"p90Seconds"`
}

type resultDocument struct {
	ImageURL     string `json:"imageUrl"`
	ThumbnailURL string `json:"thumbnailUrl"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	ContentType  string `json:"contentType"`
	LandingURL   string `json:"landingUrl,omitempty"` // of its campaign, as it is now
}

type linksDocument struct {
	Self       string `json:"self"`
	Stream     string `json:"stream"`
	WS         string `json:"ws"`
	Cancel     string `json:"cancel"`
	Regenerate string `json:"regenerate"`
}

func (s *Server) taskDocument(r *task.Record, language string) taskDocument {
	d := taskDocument{
		TaskID: r.ID, State: r.State, Version: r.Version, Progress: r.Progress, Stage: r.Stage,
		Message: s.message(r, language), Queue: newQueueDocument(r.Queue),
		CreatedAt: r.CreatedAt.UTC(), StartedAt: utc(r.StartedAt), FinishedAt: utc(r.FinishedAt), ExpiresAt: r.ExpiresAt.UTC(),
		Style: r.Style, Place: r.Place, Options: r.Options, UploadID: r.Upload,
		Degraded: r.Degraded, Cached: r.Cached, Campaign: r.Campaign, Links: s.links(r),
	}
	if r.State == task.Succeeded && r.Result != nil {
		d.Result = &resultDocument{
			ImageURL:     s.deps.Store.URL(r.Result.ImageKey, r.ExpiresAt),
			ThumbnailURL: s.deps.Store.URL(r.Result.ThumbnailKey, r.ExpiresAt),
			Width:        r.Result.Width, Height: r.Result.Height, ContentType: r.Result.ContentType,
			LandingURL: s.deps.Policy.State().Campaigns[r.Campaign].LandingURL,
		}
	}
	if r.Failure != nil && (r.State == task.Failed || r.State == task.Expired) {
		p := s.sentences.failure(r.Failure, language)
		d.Error = &p
	}
	return d
}

func newQueueDocument(p *task.Position) *queueDocument {
	if p == nil {
		return nil
	}
	return &queueDocument{Position: p.Position, ETA: etaDocument{P50: p.P50, P90: p.P90}}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// links are relative unless a public URL is configured.
func (s *Server) links(r *task.Record) linksDocument {
	self := s.config.PublicURL + "/tasks/" + string(r.ID)
	ticket := "?ticket=" + url.QueryEscape(s.deps.Sessions.Ticket(r.Session, r.ID, r.ExpiresAt))
	return linksDocument{
		Self: self, Stream: self + "/stream" + ticket, WS: self + "/ws" + ticket,
		Cancel: self + "/cancel", Regenerate: self + "/regenerate",
	}
}

// taskTag is a task's ETag. It is weak: two documents of one version differ in
// their freshly signed URLs, and mean the same.
func taskTag(r *task.Record, language string) string {
	return `W/"` + strconv.FormatUint(r.Version, 10) + "-" + language + `"`
}

// message says in a sentence what is happening.
func (s *Server) message(r *task.Record, language string) string {
	if r.Failure != nil && r.State.Terminal() {
		return s.sentences.failure(r.Failure, language).Detail
	}
	key := r.Stage
	switch {
	case r.State.Terminal():
		key = string(r.State)
	case r.Canceling:
		key = task.StageCanceling
	}
	t, ok := s.sentences["stage:"+key]
	if !ok {
		t = s.sentences["stage:"+task.StageGenerating]
	}
	return t.In(language)
}
