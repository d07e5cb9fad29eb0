package operator

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Version asks which build answers.
func (c *Client) Version(ctx context.Context) (v Version, err error) {
	return v, c.do(ctx, request{method: http.MethodGet, path: "/version", out: &v})
}

// Status asks how the whole is doing.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.do(ctx, request{method: http.MethodGet, path: "/status", out: &s})
}

// Limits lists all limits.
func (c *Client) Limits(ctx context.Context) (l Limits, err error) {
	return l, c.do(ctx, request{method: http.MethodGet, path: "/limits", out: &l})
}

// SetLimits overrides some limits.
func (c *Client) SetLimits(ctx context.Context, limits map[string]int64, e Edit) (ch Change, err error) {
	return ch, c.do(ctx, request{method: http.MethodPatch, path: "/limits", edit: &e, body: LimitsPatch{limits}, out: &ch})
}

// ResetLimits takes overrides back, all of them when no key is given.
func (c *Client) ResetLimits(ctx context.Context, keys []string, e Edit) (ch Change, err error) {
	return ch, c.do(ctx, request{method: http.MethodPost, path: "/limits/reset", edit: &e, body: LimitsReset{keys}, out: &ch})
}

// Session shows a session.
func (c *Client) Session(ctx context.Context, id task.SessionID) (s Session, err error) {
	return s, c.do(ctx, request{method: http.MethodGet, path: "/sessions/" + url.PathEscape(string(id)), out: &s})
}

// EraseSession removes everything a session owns.
func (c *Client) EraseSession(ctx context.Context, id task.SessionID, e Edit) (r Receipt, err error) {
	return r, c.do(ctx, request{method: http.MethodDelete, path: "/sessions/" + url.PathEscape(string(id)), edit: &e, out: &r})
}

// Grant gives a session more tasks today, once per external id.
func (c *Client) Grant(ctx context.Context, id task.SessionID, g Grant, e Edit) (q Quota, err error) {
	path := "/sessions/" + url.PathEscape(string(id)) + "/grants"
	return q, c.do(ctx, request{method: http.MethodPost, path: path, edit: &e, body: g, out: &q})
}

// Providers lists the providers.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	var l List[Provider]
	err := c.do(ctx, request{method: http.MethodGet, path: "/providers", out: &l})
	return l.Data, err
}

// ChangeProvider switches or weighs a provider.
func (c *Client) ChangeProvider(ctx context.Context, name string, p ProviderPatch, e Edit) (ch Change, err error) {
	return ch, c.do(ctx, request{method: http.MethodPatch, path: "/providers/" + url.PathEscape(name), edit: &e, body: p, out: &ch})
}

// CacheStats describes the cache.
func (c *Client) CacheStats(ctx context.Context) (s CacheStats, err error) {
	return s, c.do(ctx, request{method: http.MethodGet, path: "/cache", out: &s})
}

// PurgeCache forgets cached results.
func (c *Client) PurgeCache(ctx context.Context, p CachePurge, e Edit) (r Purged, err error) {
	return r, c.do(ctx, request{method: http.MethodPost, path: "/cache/purge", edit: &e, body: p, out: &r})
}

// TaskFilter narrows a list of tasks.
type TaskFilter struct {
	Session task.SessionID
	State   task.State
	Limit   int
}

// Tasks lists tasks, those that changed last first.
func (c *Client) Tasks(ctx context.Context, f TaskFilter) ([]Task, error) {
	q := url.Values{}
	if f.Session != "" {
		q.Set("session", string(f.Session))
	}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	var l List[Task]
	err := c.do(ctx, request{method: http.MethodGet, path: "/tasks", query: q, out: &l})
	return l.Data, err
}

// Task shows a task.
func (c *Client) Task(ctx context.Context, id task.ID) (t Task, err error) {
	return t, c.do(ctx, request{method: http.MethodGet, path: taskPath(id), out: &t})
}

// NextTask waits up to a while for a version of a task after one, and shows
// the task as it is then.
func (c *Client) NextTask(ctx context.Context, id task.ID, after uint64, wait time.Duration) (t Task, err error) {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}, "wait": {strconv.Itoa(int(wait.Seconds()))}}
	return t, c.do(ctx, request{method: http.MethodGet, path: taskPath(id), query: q, out: &t})
}

// CancelTask asks for the end of a task.
func (c *Client) CancelTask(ctx context.Context, id task.ID, e Edit) (t Task, err error) {
	return t, c.do(ctx, request{method: http.MethodPost, path: taskPath(id) + "/cancel", edit: &e, out: &t})
}

func taskPath(id task.ID) string { return "/tasks/" + url.PathEscape(string(id)) }

// Workers lists the fleet, and workers that are away but marked.
func (c *Client) Workers(ctx context.Context) ([]Worker, error) {
	var l List[Worker]
	err := c.do(ctx, request{method: http.MethodGet, path: "/workers", out: &l})
	return l.Data, err
}

// ChangeWorker drains a worker or lets it work again.
func (c *Client) ChangeWorker(ctx context.Context, id string, p WorkerPatch, e Edit) (ch Change, err error) {
	return ch, c.do(ctx, request{method: http.MethodPatch, path: "/workers/" + url.PathEscape(id), edit: &e, body: p, out: &ch})
}

// Intake shows whether new tasks are accepted.
func (c *Client) Intake(ctx context.Context) (i Intake, err error) {
	return i, c.do(ctx, request{method: http.MethodGet, path: "/intake", out: &i})
}

// ChangeIntake pauses or resumes the intake.
func (c *Client) ChangeIntake(ctx context.Context, i Intake, e Edit) (ch Change, err error) {
	return ch, c.do(ctx, request{method: http.MethodPut, path: "/intake", edit: &e, body: i, out: &ch})
}

// History lists the newest changes first.
func (c *Client) History(ctx context.Context, limit int) ([]Change, error) {
	var l List[Change]
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	err := c.do(ctx, request{method: http.MethodGet, path: "/history", query: q, out: &l})
	return l.Data, err
}

// Undo reverses one change.
func (c *Client) Undo(ctx context.Context, version int, e Edit) (ch Change, err error) {
	path := "/history/" + strconv.Itoa(version) + "/undo"
	return ch, c.do(ctx, request{method: http.MethodPost, path: path, edit: &e, out: &ch})
}
