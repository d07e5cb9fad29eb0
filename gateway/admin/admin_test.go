package admin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/admin/admintest"
	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func connect(t *testing.T) (*admintest.Stage, *operator.Client) {
	t.Helper()
	s := admintest.New(t)
	c, err := operator.NewClient(operator.ClientConfig{Server: s.URL, Token: secret.New(admintest.Token), Who: "李雷"})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func running(id string) *task.Record {
	return &task.Record{
		ID: task.ID(id), Session: task.SessionID(task.DeriveID("owner")), Version: 3, State: task.Running,
		Stage: task.StageGenerating, Progress: 40, CreatedAt: time.Now(), Style: "ink", Place: "bund",
		Options:  task.Options{Note: "private words"},
		Attempts: []task.Attempt{{Number: 1, Provider: "seedream", Outcome: task.Rejected, Class: task.ClassRate}, {Number: 2, Provider: "mock"}},
	}
}

// raw sends a request without the client, as an attacker would.
func raw(t *testing.T, s *admintest.Stage, method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8081"
	r.Header.Set("Authorization", "Bearer "+admintest.Token)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.Server.Handler().ServeHTTP(w, r)
	return w
}

func TestALimitIsSetShownAndReset(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	ch, err := c.SetLimits(t.Context(), map[string]int64{"sessionDaily": 3}, operator.Edit{Reason: "活动结束"})
	if err != nil || ch.Version != 1 || ch.Who != "李雷" || ch.Reason != "活动结束" || ch.Action != "quota.set" {
		t.Fatalf("change = %+v, %v", ch, err)
	}
	if got := s.Policy.Limits().SessionDaily; got != 3 {
		t.Errorf("sessionDaily = %d, want 3", got)
	}
	l, err := c.Limits(t.Context())
	if err != nil || l.Version != 1 || l.Limits[0] != (operator.Limit{Key: "sessionDaily", Value: 3, Configured: 20, Overridden: true}) {
		t.Errorf("limits = %+v, %v", l, err)
	}
	if ch, err = c.SetLimits(t.Context(), map[string]int64{"sessionDaily": 3}, operator.Edit{}); err != nil || !ch.Unchanged {
		t.Errorf("the same again: %+v, %v, want unchanged", ch, err)
	}
	if _, err := c.ResetLimits(t.Context(), []string{"sessionDaily"}, operator.Edit{}); err != nil || s.Policy.Limits().SessionDaily != 20 {
		t.Errorf("reset: %v, sessionDaily = %d, want 20", err, s.Policy.Limits().SessionDaily)
	}
	if _, err := c.ResetLimits(t.Context(), []string{"moons"}, operator.Edit{}); operator.StatusOf(err) != 422 {
		t.Errorf("reset of an unknown limit: %v, want 422", err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	dry := operator.Edit{DryRun: true}
	id, owner := task.NewID(), task.SessionID(task.DeriveID("owner"))
	s.Put(running(id))
	if ch, err := c.SetLimits(t.Context(), map[string]int64{"sessionDaily": 3}, dry); err != nil || !ch.DryRun || len(ch.After) < 3 {
		t.Errorf("change = %+v, %v", ch, err)
	}
	if p, err := c.PurgeCache(t.Context(), operator.CachePurge{All: true}, dry); err != nil || p.Removed != 7 || !p.DryRun {
		t.Errorf("purged = %+v, %v", p, err)
	}
	if r, err := c.EraseSession(t.Context(), owner, dry); err != nil || r.Tasks != 1 || !r.DryRun {
		t.Errorf("receipt = %+v, %v", r, err)
	}
	if q, err := c.Grant(t.Context(), owner, operator.Grant{ExternalID: "x", Tasks: 5}, dry); err != nil || q.Daily != 25 {
		t.Errorf("quota = %+v, %v", q, err)
	}
	if _, err := c.CancelTask(t.Context(), task.ID(id), dry); err != nil {
		t.Error(err)
	}
	if got, err := c.Task(t.Context(), task.ID(id)); err != nil || got.Canceling {
		t.Errorf("task = %+v, %v, want as it was", got, err)
	}
	if v := s.Policy.State().Version; v != 0 {
		t.Errorf("version = %d, want 0", v)
	}
}

func TestAStaleVersionIsRefused(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	old := 0
	if _, err := c.SetLimits(t.Context(), map[string]int64{"queueDepth": 5}, operator.Edit{Version: &old}); err != nil {
		t.Fatal(err)
	}
	_, err := c.SetLimits(t.Context(), map[string]int64{"queueDepth": 6}, operator.Edit{Version: &old})
	if operator.StatusOf(err) != http.StatusPreconditionFailed || operator.CodeOf(err) != "precondition_failed" {
		t.Errorf("err = %v, want 412", err)
	}
}

func TestAProviderIsSwitchedAndWeighed(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	no, yes, weight := false, true, 5
	if _, err := c.ChangeProvider(t.Context(), "seedream", operator.ProviderPatch{Enabled: &no}, operator.Edit{Reason: "billing"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ChangeProvider(t.Context(), "seedream", operator.ProviderPatch{Weight: &weight}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	ps, err := c.Providers(t.Context())
	if err != nil || len(ps) != 3 {
		t.Fatalf("providers = %+v, %v", ps, err)
	}
	p := ps[0]
	if p.Enabled || p.Reason != "billing" || p.Weight != 5 || p.ConfiguredWeight != 70 || len(p.Workers) != 1 || p.Workers[0] != "w2" {
		t.Errorf("provider = %+v", p)
	}
	if _, err := c.ChangeProvider(t.Context(), "seedream", operator.ProviderPatch{Enabled: &yes, ResetWeight: true}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	if len(s.Policy.State().Providers) != 0 {
		t.Errorf("state = %+v, want nothing left of it", s.Policy.State().Providers)
	}
}

func TestAWorkerIsDrainedAlsoWhileItIsAway(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if _, err := c.ChangeWorker(t.Context(), "w1", operator.WorkerPatch{Drain: true}, operator.Edit{Reason: "kernel"}); err != nil {
		t.Fatal(err)
	}
	if !s.Policy.State().Draining("w1") {
		t.Error("w1 is not drained")
	}
	ws, err := c.Workers(t.Context())
	if err != nil || len(ws) != 2 || !ws[0].Drained || ws[0].Reason != "kernel" || !ws[0].Present {
		t.Errorf("workers = %+v, %v", ws, err)
	}
	if _, err := c.ChangeWorker(t.Context(), "ghost", operator.WorkerPatch{Drain: true}, operator.Edit{}); operator.StatusOf(err) != 404 {
		t.Errorf("err = %v, want 404", err)
	}
	if _, err := c.ChangeWorker(t.Context(), "w1", operator.WorkerPatch{}, operator.Edit{}); err != nil || s.Policy.State().Draining("w1") {
		t.Errorf("undrain: %v", err)
	}
}

func TestTheIntakeIsPausedAndResumed(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	past, soon := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	if _, err := c.ChangeIntake(t.Context(), operator.Intake{Paused: true, Until: &past}, operator.Edit{}); operator.StatusOf(err) != 422 {
		t.Errorf("err = %v, want 422", err)
	}
	if _, err := c.ChangeIntake(t.Context(), operator.Intake{Paused: true, Until: &soon}, operator.Edit{Reason: "deploy"}); err != nil {
		t.Fatal(err)
	}
	if i, err := c.Intake(t.Context()); err != nil || !i.Paused || i.Reason != "deploy" || !i.Until.Equal(soon) {
		t.Errorf("intake = %+v, %v", i, err)
	}
	if _, err := c.ChangeIntake(t.Context(), operator.Intake{}, operator.Edit{}); err != nil || s.Policy.State().Intake.Paused {
		t.Errorf("resume: %v", err)
	}
}

func TestATaskIsShownWithItsAttemptsAndWithoutItsWords(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	id := task.NewID()
	s.Put(running(id))
	got, err := c.Task(t.Context(), task.ID(id))
	if err != nil || len(got.Attempts) != 2 || got.Attempts[0].Class != task.ClassRate {
		t.Errorf("task = %+v, %v", got, err)
	}
	if body := raw(t, s, "GET", "/admin/tasks/"+id, "", nil).Body.String(); strings.Contains(body, "private words") {
		t.Errorf("the note is shown: %s", body)
	}
	for query, want := range map[operator.TaskFilter]int{
		{}: 1, {State: task.Running}: 1, {State: task.Failed}: 0, {Session: running(id).Session}: 1,
		{Session: task.SessionID(task.NewID())}: 0,
		{Provider: "seedream"}:                  1, {Provider: "mock", State: task.Failed}: 0, {Code: "nothing_of_it"}: 0, {Since: "1d", SortBy: "wait"}: 1,
	} {
		if l, err := c.Tasks(t.Context(), query); err != nil || len(l) != want {
			t.Errorf("%+v: %d tasks, %v, want %d", query, len(l), err, want)
		}
	}
}

func TestAListOfTasksNamesWhatItTakes(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	for query, says := range map[operator.TaskFilter]string{
		{State: "nowhere"}: "queued, running, succeeded", {SortBy: "size"}: "changed, created, took", {Since: "soon"}: "30m, 2h or 1d",
		{Before: "x"}: "next of an earlier answer", {Code: "a b"}: "without spaces", {Limit: 5000}: "1…1000",
	} {
		_, err := c.Tasks(t.Context(), query)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", query, err, says)
		}
	}
	if _, err := c.Tasks(t.Context(), operator.TaskFilter{Provider: "nobody"}); err == nil || !strings.Contains(err.Error(), "seedream") {
		t.Errorf("an unknown provider: %v", err)
	}
}

func TestAWatcherHearsOfTheNextVersion(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	r := running(task.NewID())
	s.Put(r)
	next := *r
	next.Version, next.Progress = 4, 60
	heard := make(chan operator.Task, 1)
	go func() {
		got, err := c.NextTask(t.Context(), r.ID, 3, 20*time.Second)
		if err != nil {
			t.Error(err)
		}
		heard <- got
	}()
	s.Put(&next)
	if got := <-heard; got.Version != 4 || got.Progress != 60 {
		t.Errorf("task = %+v, want version 4", got)
	}
	if got, err := c.NextTask(t.Context(), r.ID, 4, 0); err != nil || got.Version != 4 {
		t.Errorf("task = %+v, %v, want version 4 without a wait", got, err)
	}
}

func TestACancelIsNotedAndRefusedAtTheEnd(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	r := running(task.NewID())
	s.Put(r)
	if got, err := c.CancelTask(t.Context(), r.ID, operator.Edit{Reason: "stuck"}); err != nil || !got.Canceling {
		t.Errorf("task = %+v, %v", got, err)
	}
	done := *r
	done.State = task.Succeeded
	s.Put(&done)
	if _, err := c.CancelTask(t.Context(), r.ID, operator.Edit{}); operator.StatusOf(err) != 409 || operator.CodeOf(err) != "task_finished" {
		t.Errorf("err = %v, want 409 task_finished", err)
	}
	h, err := c.History(t.Context(), 5)
	if err != nil || len(h) != 1 || h[0].Action != "task.cancel" || !h[0].Final || h[0].Reason != "stuck" {
		t.Errorf("history = %+v, %v", h, err)
	}
}

func TestAGrantCountsOnce(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	owner := task.SessionID(task.DeriveID("owner"))
	for range 2 {
		if q, err := c.Grant(t.Context(), owner, operator.Grant{ExternalID: "order-1", Tasks: 5}, operator.Edit{}); err != nil || q.Daily != 25 {
			t.Errorf("quota = %+v, %v, want 25", q, err)
		}
	}
	for _, g := range []operator.Grant{{ExternalID: "x"}, {Tasks: 5}, {ExternalID: "a b", Tasks: 1}, {ExternalID: "x", Tasks: 1e9}} {
		if _, err := c.Grant(t.Context(), owner, g, operator.Edit{}); operator.StatusOf(err) != 422 {
			t.Errorf("%+v: %v, want 422", g, err)
		}
	}
	h, err := c.History(t.Context(), 5)
	if err != nil || len(h) != 1 || h[0].Action != "quota.grant" {
		t.Errorf("history = %+v, %v, want one grant", h, err)
	}
	if got, err := c.Session(t.Context(), owner); err != nil || got.Quota.Daily != 25 {
		t.Errorf("session = %+v, %v", got, err)
	}
}

func TestPurgingNeedsExactlyOneChoice(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	for _, p := range []operator.CachePurge{{}, {All: true, Style: "ink"}, {Style: "ink", Session: task.SessionID(task.NewID())}} {
		if _, err := c.PurgeCache(t.Context(), p, operator.Edit{}); operator.StatusOf(err) != 400 {
			t.Errorf("%+v: %v, want 400", p, err)
		}
	}
	if p, err := c.PurgeCache(t.Context(), operator.CachePurge{Style: "ink"}, operator.Edit{}); err != nil || p.Removed != 1 {
		t.Errorf("purged = %+v, %v", p, err)
	}
	if st, err := c.CacheStats(t.Context()); err != nil || st.Entries != 6 {
		t.Errorf("stats = %+v, %v", st, err)
	}
}

func TestTheCDNIsPurgedByAddress(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	owner := task.SessionID(task.DeriveID("owner"))
	got, err := c.PurgeCache(t.Context(), operator.CachePurge{Session: owner, CDN: true}, operator.Edit{Reason: "asked by mail"})
	if err != nil || got.CDN != "https://cdn.example.com/results/"+string(owner)+"/" {
		t.Errorf("purged = %+v, %v", got, err)
	}
	if last, err := c.History(t.Context(), 1); err != nil || len(last) != 1 || !strings.Contains(string(last[0].After), got.CDN) {
		t.Errorf("history = %+v, %v, want the address", last, err)
	}
	if _, err := c.PurgeCache(t.Context(), operator.CachePurge{Style: "ink", CDN: true}, operator.Edit{}); operator.StatusOf(err) != 400 {
		t.Errorf("a style: %v", err)
	}
	s.NoCDN()
	_, err = c.PurgeCache(t.Context(), operator.CachePurge{All: true, CDN: true}, operator.Edit{})
	if operator.StatusOf(err) != 409 || !strings.Contains(err.Error(), "cdn.accessKey") {
		t.Errorf("without a CDN: %v", err)
	}
	if st, err := c.CacheStats(t.Context()); err != nil || st.Entries != 6 {
		t.Errorf("a refused purge purged: %+v, %v", st, err)
	}
}

func TestASessionIsErasedWithAReceipt(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	r := running(task.NewID())
	s.Put(r)
	got, err := c.EraseSession(t.Context(), r.Session, operator.Edit{Reason: "asked by mail"})
	if err != nil || got.ReceiptID == "" || got.Tasks != 1 || got.Objects != 3 {
		t.Errorf("receipt = %+v, %v", got, err)
	}
	if _, err := c.Task(t.Context(), r.ID); operator.StatusOf(err) != 404 {
		t.Errorf("err = %v, want 404", err)
	}
}

func TestAChangeIsUndone(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	if _, err := c.SetLimits(t.Context(), map[string]int64{"sessionDaily": 3}, operator.Edit{}); err != nil {
		t.Fatal(err)
	}
	if ch, err := c.Undo(t.Context(), 1, operator.Edit{DryRun: true}); err != nil || !ch.DryRun || s.Policy.Limits().SessionDaily != 3 {
		t.Errorf("dry run: %+v, %v", ch, err)
	}
	if ch, err := c.Undo(t.Context(), 1, operator.Edit{Reason: "mistake"}); err != nil || ch.Version != 2 || s.Policy.Limits().SessionDaily != 20 {
		t.Errorf("undo: %+v, %v", ch, err)
	}
}

func TestStatusShowsTroubleInsteadOfFailing(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	s.Fail(errors.New("engine is away"))
	got, err := c.Status(t.Context())
	if err != nil || got.Ready || got.Trouble != "engine: engine is away" || len(got.Checks) != 1 || got.Checks[0].OK || got.Workers != 2 || got.Queued != 3 || got.Running != 2 || got.Regions["cn-east"] != 1 {
		t.Errorf("status = %+v, %v", got, err)
	}
	s.Alarms.Raise(alarm.EngineDiffers, "TASKS", alarm.Warning, "replicas: 3 here, 1 there")
	if got, err = c.Status(t.Context()); err != nil || len(got.Alarms) != 2 || got.Alarms[1].Name != operator.AlarmAllowance {
		t.Fatalf("alarms = %+v, %v", got.Alarms, err)
	}
	raised := got.Alarms[0]
	if since := time.Since(raised.Since); since < 0 || since > time.Minute {
		t.Errorf("stands for %v", since)
	}
	raised.Since = time.Time{}
	if want := (operator.Alarm{Name: "engine_differs", Subject: "TASKS", Severity: "warning", Message: "replicas: 3 here, 1 there"}); raised != want {
		t.Errorf("alarm = %+v, want %+v", raised, want)
	}
	if v, err := c.Version(t.Context()); err != nil || v.Version != "v1.2.3" || !strings.HasPrefix(v.Go, "go1") {
		t.Errorf("version = %+v, %v", v, err)
	}
}
