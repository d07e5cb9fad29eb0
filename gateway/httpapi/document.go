package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// taskDocument is what a person sees of a task. It names no vendor and no
// region, and its URLs are minted anew each time it is delivered.
func (s *Server) taskDocument(r *task.Record, language string) client.Task {
	d := client.Task{
		TaskID: r.ID, State: r.State, Version: r.Version, Progress: r.Progress, Stage: r.Stage,
		Message: s.message(r, language), Queue: newQueueDocument(r.Queue),
		CreatedAt: r.CreatedAt.UTC(), StartedAt: utc(r.StartedAt), FinishedAt: utc(r.FinishedAt), ExpiresAt: r.ExpiresAt.UTC(),
		Style: r.Style, Place: r.Place, Options: r.Options, UploadID: r.Upload,
		Degraded: r.Degraded, Cached: r.Cached, Campaign: r.Campaign, Links: s.links(r),
	}
	if r.State == task.Succeeded && r.Result != nil {
		d.Result = &client.Result{
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

func newQueueDocument(p *task.Position) *client.Queue {
	if p == nil {
		return nil
	}
	return &client.Queue{Position: p.Position, ETA: client.ETA{P50: p.P50, P90: p.P90}}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// links are relative unless a public URL is configured.
func (s *Server) links(r *task.Record) client.Links {
	self := s.config.PublicURL + "/tasks/" + string(r.ID)
	ticket := "?ticket=" + url.QueryEscape(s.deps.Sessions.Ticket(r.Session, r.ID, r.ExpiresAt))
	return client.Links{
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
