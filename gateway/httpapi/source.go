package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// source is what one reader of a task's events needs to know. It outlives its
// request, so it holds nothing of it.
type source struct {
	s        *Server
	follower Follower
	language string
	kind     string // "stream" or "socket", for the log
	request  string
	route    string
	owner    session.ID
	began    time.Time
	events   int
}

func (s *Server) newSource(c *call, f Follower, kind string) *source {
	return &source{
		s: s, follower: f, language: c.language, kind: kind,
		request: c.id, route: c.route.path, owner: c.owner, began: c.began,
	}
}

// Events delivers live revisions.
func (s *source) Events() <-chan *task.Record { return s.follower.C() }

// accept turns a live revision into those to send. With false the stream is
// over: the task was deleted, or a gap could not be filled and the client
// shall resume.
func (s *source) accept(ctx context.Context, r *task.Record) ([]*task.Record, bool) {
	ctx, cancel := context.WithTimeout(ctx, s.s.config.Timeout)
	defer cancel()
	records, err := s.follower.Accept(ctx, r)
	return records, err == nil
}

// Close releases the reader and writes the request's line of the log.
func (s *source) Close(why hub.Reason) {
	s.follower.Close()
	s.s.met.requests.WithLabelValues(http.MethodGet, s.route, "200").Inc()
	s.s.log.Info("request", telemetry.FieldRequest, s.request, "method", http.MethodGet, "route", s.route, "status", http.StatusOK,
		"took", time.Since(s.began), "events", s.events, "session", s.owner, "ended", string(why), "kind", s.kind)
}

func (s *source) snapshot(r *task.Record) []byte { return mustJSON(s.s.taskDocument(r, s.language)) }

type queuedEvent struct {
	Position *int        `json:"position,omitempty"`
	ETA      *client.ETA `json:"eta,omitempty"`
}

type progressEvent struct {
	Progress int    `json:"progress"`
	Stage    string `json:"stage"`
	Message  string `json:"message"`
}

type degradedEvent struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

type endedEvent struct {
	State   task.State      `json:"state"`
	Message string          `json:"message"`
	Error   *client.Problem `json:"error,omitempty"`
}

// data renders what an event carries.
func (s *source) data(r *task.Record) []byte {
	switch r.Event {
	case task.EventQueued:
		var e queuedEvent
		if q := newQueueDocument(r.Queue); q != nil {
			e = queuedEvent{Position: &q.Position, ETA: &q.ETA}
		}
		return mustJSON(e)
	case task.EventDegraded:
		return mustJSON(degradedEvent{Reason: "real_model_unavailable", Message: s.s.sentences["stage:degraded"].In(s.language)})
	case task.EventSucceeded:
		return s.snapshot(r)
	case task.EventFailed, task.EventCanceled, task.EventExpired:
		e := endedEvent{State: r.State, Message: s.s.message(r, s.language)}
		if r.Failure != nil {
			p := s.s.sentences.failure(r.Failure, s.language)
			e.Error = &p
		}
		return mustJSON(e)
	default:
		return mustJSON(progressEvent{Progress: r.Progress, Stage: r.Stage, Message: s.s.message(r, s.language)})
	}
}

// mustJSON renders our own types, which cannot fail.
func mustJSON(v any) []byte {
	out, err := sonic.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return out
}
