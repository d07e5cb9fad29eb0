package client

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// longPoll is how long one GET waits for a change; the server allows 25 s.
const longPoll = 20 * time.Second

// Task is the task document. The gateway answers with it, as with the other
// documents of this package.
type Task struct {
	TaskID     task.ID       `json:"taskId"`
	State      task.State    `json:"state"`
	Version    uint64        `json:"version"`
	Progress   int           `json:"progress"`
	Stage      string        `json:"stage"`
	Message    string        `json:"message"`
	Queue      *Queue        `json:"queue,omitempty"`
	CreatedAt  time.Time     `json:"createdAt"`
	StartedAt  *time.Time    `json:"startedAt,omitempty"`
	FinishedAt *time.Time    `json:"finishedAt,omitempty"`
	ExpiresAt  time.Time     `json:"expiresAt"`
	Style      string        `json:"style"`
	Place      string        `json:"place"`
	Options    task.Options  `json:"options"`
	UploadID   task.UploadID `json:"uploadId"`
	Result     *Result       `json:"result,omitempty"`
	Error      *Problem      `json:"error,omitempty"`
	Degraded   bool          `json:"degraded,omitempty"`
	Cached     bool          `json:"cached,omitempty"`
	Campaign   string        `json:"campaign,omitempty"`
	Links      Links         `json:"links"`

	Replayed bool `json:"-"` // the answer repeats an earlier one with the same key
}

// Queue is where a waiting task stands.
type Queue struct {
	Position int `json:"position"`
	ETA      ETA `json:"eta"`
}

// ETA is how long it will wait: half of such tasks less than P50, nine of ten
// less than P90.
type ETA struct {
	P50 float64 `json:"p50Seconds"`
	P90 float64 `json:"p90Seconds"`
}

// Result is the finished picture.
type Result struct {
	ImageURL     string `json:"imageUrl"`
	ThumbnailURL string `json:"thumbnailUrl"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
	ContentType  string `json:"contentType"`
	LandingURL   string `json:"landingUrl,omitempty"` // of its campaign, as it is now
}

// Links are where a task can be reached.
type Links struct {
	Self       string `json:"self"`
	Stream     string `json:"stream"`
	WS         string `json:"ws"`
	Cancel     string `json:"cancel"`
	Regenerate string `json:"regenerate"`
}

// NewTask asks for a picture. Key is the Idempotency-Key; one is drawn when
// it is empty, so that repetitions are safe.
type NewTask struct {
	Key      string        `json:"-"`
	UploadID task.UploadID `json:"uploadId"`
	Style    string        `json:"style"`
	Place    string        `json:"place"`
	Options  *task.Options `json:"options,omitempty"`
	Campaign string        `json:"campaign,omitempty"`
}

// Again asks for another picture of a task's photo; nil keeps what it was.
type Again struct {
	Key     string        `json:"-"`
	Style   *string       `json:"style,omitempty"`
	Place   *string       `json:"place,omitempty"`
	Options *task.Options `json:"options,omitempty"`
}

// Rating is "1"…"5", "like" or "dislike".
type Rating string

// MarshalJSON writes grades as numbers, as the API wants them.
func (r Rating) MarshalJSON() ([]byte, error) {
	if n, err := strconv.Atoi(string(r)); err == nil {
		return strconv.AppendInt(nil, int64(n), 10), nil
	}
	return sonic.Marshal(string(r))
}

// Submit asks for a picture and returns when the task is durably accepted.
func (s *Session) Submit(ctx context.Context, n NewTask) (Task, error) {
	return s.submit(ctx, "/tasks", n.Key, n)
}

// Regenerate asks for another picture of the same photo.
func (s *Session) Regenerate(ctx context.Context, id task.ID, a Again) (Task, error) {
	return s.submit(ctx, path(id)+"/regenerate", a.Key, a)
}

func (s *Session) submit(ctx context.Context, to, key string, body any) (Task, error) {
	if key == "" {
		key = rand.Text()
	}
	var out Task
	a, err := s.client.do(ctx, call{
		method: http.MethodPost, url: to, token: s.Token(), body: body, out: &out,
		header: http.Header{"Idempotency-Key": {key}},
	})
	out.Replayed = a.header.Get("Idempotency-Replayed") == "true"
	return out, err
}

// Get asks for the task document as it is.
func (s *Session) Get(ctx context.Context, id task.ID) (Task, error) {
	return ask[Task](ctx, s, http.MethodGet, path(id), nil)
}

// Wait returns the document of the finished task, asking as often as needed.
func (s *Session) Wait(ctx context.Context, id task.ID) (Task, error) {
	for {
		var out Task
		_, err := s.do(ctx, http.MethodGet, path(id)+"?wait="+strconv.Itoa(int(longPoll.Seconds())), nil, &out)
		if err != nil || out.State.Terminal() {
			return out, err
		}
	}
}

// Page is a part of a list of tasks.
type Page struct {
	Data       []Task `json:"data"`
	NextCursor string `json:"nextCursor"` // "" at the end
}

// List returns a page of tasks, newest first; next is "" at the end.
func (s *Session) List(ctx context.Context, limit int, cursor string) (page []Task, next string, err error) {
	q := url.Values{}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	out, err := ask[Page](ctx, s, http.MethodGet, "/tasks?"+q.Encode(), nil)
	return out.Data, out.NextCursor, err
}

// Cancel asks for the end of a task; it may still succeed.
func (s *Session) Cancel(ctx context.Context, id task.ID) (Task, error) {
	return ask[Task](ctx, s, http.MethodPost, path(id)+"/cancel", struct{}{})
}

// Feedback tells how the picture was liked.
func (s *Session) Feedback(ctx context.Context, id task.ID, r Rating) error {
	_, err := s.do(ctx, http.MethodPost, path(id)+"/feedback", map[string]Rating{"rating": r}, nil)
	return err
}

// Delete removes a task and its picture.
func (s *Session) Delete(ctx context.Context, id task.ID) (Receipt, error) {
	return ask[Receipt](ctx, s, http.MethodDelete, path(id), nil)
}

func path(id task.ID) string { return "/tasks/" + url.PathEscape(string(id)) }
