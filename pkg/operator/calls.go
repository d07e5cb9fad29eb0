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
func (c *Client) Version(ctx context.Context) (Version, error) {
	return ask[Version](ctx, c, request{method: http.MethodGet, path: "/version"})
}

// Status asks how the whole is doing.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return ask[Status](ctx, c, request{method: http.MethodGet, path: "/status"})
}

// Limits lists all limits.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	return ask[Limits](ctx, c, request{method: http.MethodGet, path: "/limits"})
}

// SetLimits overrides some limits.
func (c *Client) SetLimits(ctx context.Context, limits map[string]int64, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/limits", edit: &e, body: Patch{"limits": limits}})
}

// ResetLimits takes overrides back, all of them when no key is given.
func (c *Client) ResetLimits(ctx context.Context, keys []string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/limits/reset", edit: &e, body: LimitsReset{keys}})
}

// Session shows a session.
func (c *Client) Session(ctx context.Context, id task.SessionID) (Session, error) {
	return ask[Session](ctx, c, request{method: http.MethodGet, path: "/sessions/" + url.PathEscape(string(id))})
}

// EraseSession removes everything a session owns.
func (c *Client) EraseSession(ctx context.Context, id task.SessionID, e Edit) (Receipt, error) {
	return ask[Receipt](ctx, c, request{method: http.MethodDelete, path: "/sessions/" + url.PathEscape(string(id)), edit: &e})
}

// Grant gives a session more tasks today, once per external id.
func (c *Client) Grant(ctx context.Context, id task.SessionID, g Grant, e Edit) (Quota, error) {
	path := "/sessions/" + url.PathEscape(string(id)) + "/grants"
	return ask[Quota](ctx, c, request{method: http.MethodPost, path: path, edit: &e, body: g})
}

// Providers lists the providers.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	return list[Provider](ctx, c, "/providers", nil)
}

// ChangeProvider switches or weighs a provider.
func (c *Client) ChangeProvider(ctx context.Context, name string, p ProviderPatch, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/providers/" + url.PathEscape(name), edit: &e, body: p})
}

// Budgets lists the budgets of the day.
func (c *Client) Budgets(ctx context.Context) (Budgets, error) {
	return ask[Budgets](ctx, c, request{method: http.MethodGet, path: "/budgets"})
}

// SetBudgets sets some budgets.
func (c *Client) SetBudgets(ctx context.Context, budgets map[string]int64, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/budgets", edit: &e, body: Patch{"budgets": budgets}})
}

// ResetBudgets removes budgets, all of them when none is named.
func (c *Client) ResetBudgets(ctx context.Context, names []string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/budgets/reset", edit: &e, body: BudgetsReset{names}})
}

// Fallback shows how tasks go on when a provider fails or is slow.
func (c *Client) Fallback(ctx context.Context) (FallbackState, error) {
	return ask[FallbackState](ctx, c, request{method: http.MethodGet, path: "/fallback"})
}

// SetFallback overrides some of its fields.
func (c *Client) SetFallback(ctx context.Context, p Patch, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/fallback", edit: &e, body: p})
}

// ResetFallback takes overrides back, all of them when no field is given.
func (c *Client) ResetFallback(ctx context.Context, fields []string, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPost, path: "/fallback/reset", edit: &e, body: FallbackReset{fields}})
}

// Costs reports what the last days cost.
func (c *Client) Costs(ctx context.Context, days int) ([]Cost, error) {
	return list[Cost](ctx, c, "/costs?days="+strconv.Itoa(days), nil)
}

// CacheStats describes the cache.
func (c *Client) CacheStats(ctx context.Context) (CacheStats, error) {
	return ask[CacheStats](ctx, c, request{method: http.MethodGet, path: "/cache"})
}

// Storage counts what the object store holds.
func (c *Client) Storage(ctx context.Context) (Storage, error) {
	return ask[Storage](ctx, c, request{method: http.MethodGet, path: "/storage"})
}

// PurgeCache forgets cached results.
func (c *Client) PurgeCache(ctx context.Context, p CachePurge, e Edit) (Purged, error) {
	return ask[Purged](ctx, c, request{method: http.MethodPost, path: "/cache/purge", edit: &e, body: p})
}

// TaskFilter narrows a list of tasks. What is zero narrows nothing.
type TaskFilter struct {
	Session  task.SessionID
	State    task.State
	Provider string // that was tried
	Code     string // of the failure, or of an attempt
	Since    string // see Since
	SortBy   string // one of TaskOrders
	Before   string // Next of an earlier list
	Limit    int
}

func (f TaskFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"session": string(f.Session), "state": string(f.State), "provider": f.Provider, "code": f.Code, "since": f.Since,
		"sortBy": f.SortBy, "before": f.Before,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return q
}

// Tasks lists tasks, those that changed last first.
func (c *Client) Tasks(ctx context.Context, f TaskFilter) ([]Task, error) {
	l, err := c.TaskList(ctx, f)
	return l.Data, err
}

// TaskList is Tasks with where it goes on.
func (c *Client) TaskList(ctx context.Context, f TaskFilter) (List[Task], error) {
	return ask[List[Task]](ctx, c, request{method: http.MethodGet, path: "/tasks", query: f.query()})
}

// Task shows a task.
func (c *Client) Task(ctx context.Context, id task.ID) (Task, error) {
	return ask[Task](ctx, c, request{method: http.MethodGet, path: taskPath(id)})
}

// NextTask waits until a task is newer than a version, or until the wait is
// over, and shows the task as it is then.
func (c *Client) NextTask(ctx context.Context, id task.ID, after uint64, wait time.Duration) (Task, error) {
	q := url.Values{"after": {strconv.FormatUint(after, 10)}, "wait": {strconv.Itoa(int(wait.Seconds()))}}
	return ask[Task](ctx, c, request{method: http.MethodGet, path: taskPath(id), query: q})
}

// CancelTask asks for the end of a task.
func (c *Client) CancelTask(ctx context.Context, id task.ID, e Edit) (Task, error) {
	return ask[Task](ctx, c, request{method: http.MethodPost, path: taskPath(id) + "/cancel", edit: &e})
}

func taskPath(id task.ID) string { return "/tasks/" + url.PathEscape(string(id)) }

// Workers lists the fleet, and workers that are away but marked.
func (c *Client) Workers(ctx context.Context) ([]Worker, error) {
	return list[Worker](ctx, c, "/workers", nil)
}

// ChangeWorker drains a worker or lets it work again.
func (c *Client) ChangeWorker(ctx context.Context, id string, p WorkerPatch, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPatch, path: "/workers/" + url.PathEscape(id), edit: &e, body: p})
}

// Intake shows whether new tasks are accepted.
func (c *Client) Intake(ctx context.Context) (Intake, error) {
	return ask[Intake](ctx, c, request{method: http.MethodGet, path: "/intake"})
}

// ChangeIntake pauses or resumes the intake.
func (c *Client) ChangeIntake(ctx context.Context, i Intake, e Edit) (Change, error) {
	return ask[Change](ctx, c, request{method: http.MethodPut, path: "/intake", edit: &e, body: i})
}

// History lists the newest changes first.
func (c *Client) History(ctx context.Context, limit int) ([]Change, error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	return list[Change](ctx, c, "/history", q)
}

// Undo reverses one change.
func (c *Client) Undo(ctx context.Context, version int, e Edit) (Change, error) {
	path := "/history/" + strconv.Itoa(version) + "/undo"
	return ask[Change](ctx, c, request{method: http.MethodPost, path: path, edit: &e})
}
