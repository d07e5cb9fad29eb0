package admintest

import (
	"context"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/dispatch"
	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ramp"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Token is the admin token of every Stage.
const Token = "0123456789abcdef0123456789abcdef"

// Stage is a gateway as the admin API sees it. Its methods play the queue,
// the intake, the ledger and the rest.
type Stage struct {
	URL    string
	Policy *policy.Store
	Server *admin.Server
	Alarms *alarm.Board

	mu      sync.Mutex
	records map[task.ID]*task.Record
	quotas  map[task.SessionID]quota.Usage
	granted map[string]bool
	cached  int
	noCDN   bool
	trouble error
	members []fleet.Member
}

// New starts a Stage with two workers and three providers that ends with the
// test.
func New(t testing.TB) *Stage {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	p, err := policy.Open(t.Context(), e, limit.Defaults(), catalog.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{time.Hour, 2 * time.Hour} { // made by a gateway with another configuration
		if _, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "feedback", MaxAge: age}); err != nil {
			t.Fatal(err)
		}
	}
	s := &Stage{
		Policy: p, Alarms: alarm.New(slog.New(slog.DiscardHandler)), records: make(map[task.ID]*task.Record), quotas: make(map[task.SessionID]quota.Usage),
		granted: make(map[string]bool), cached: 7, members: fleetOfTwo(),
	}
	words, err := moderation.NewText(moderation.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	config := admin.Defaults()
	config.Token = secret.New(Token)
	s.Server, err = admin.New(config, admin.Deps{
		Policy: p, Queue: s, Intake: s, Quota: s, Campaigns: s, Eraser: s, Store: s, Partials: s, Fleet: s, Dispatch: s, Alarms: s.Alarms, Engine: e, Ramp: s, Arms: s, Notes: words,
		Providers: []routing.Provider{
			{Name: "seedream", Kind: "seedream", Region: "cn-north", Weight: 70, MaxConcurrent: 10, PriceFen: 20},
			{Name: "mock", Kind: "mock", Weight: 30},
			{Name: "qianfan", Kind: "qianfan", PriceFen: 14},
		},
		Fallback: routing.Defaults().Fallback(),
		Ready:    s,
		Version:  "v1.2.3", Environment: "dev", Registry: prometheus.NewRegistry(),
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Server.Handler())
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

func fleetOfTwo() []fleet.Member {
	seen := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	return []fleet.Member{
		{Heartbeat: workerrpc.Heartbeat{ID: "w1", Address: "10.0.0.1:9000", Region: "cn-east", Capacity: 4, InFlight: 1, Providers: []string{"mock"}, Version: "v1.2.3"}, LastSeen: seen},
		{Heartbeat: workerrpc.Heartbeat{ID: "w2", Address: "10.1.0.1:9000", Region: "cn-north", Capacity: 8, Providers: []string{"mock", "seedream"}, Version: "v1.2.3"}, LastSeen: seen},
	}
}

// Put places a record in the queue, or replaces it.
func (s *Stage) Put(r *task.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.ID] = r
}

// Fail makes the gateway not ready, nil makes it ready again.
func (s *Stage) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = err
}

// Report plays gateway/readiness.
func (s *Stage) Report(context.Context) readiness.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := readiness.Report{Ready: true, Checks: []readiness.Result{{Name: "engine", OK: true}}}
	if s.trouble != nil {
		r.Ready, r.Checks = false, []readiness.Result{{Name: "engine", Detail: s.trouble.Error()}}
	}
	return r
}

// Recent plays the queue.
func (s *Stage) Recent(_ context.Context, want queue.Search) (out []*task.Record, next uint64, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.records)) {
		r := s.records[id]
		if r.Deleted || r.CreatedAt.Before(want.Since) || !want.Keep(r) {
			continue
		}
		if len(out) == want.Limit {
			return out, 7, nil
		}
		out = append(out, r)
	}
	return out, 0, nil
}

// Find plays the queue.
func (s *Stage) Find(_ context.Context, id task.ID) (task.SessionID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.records[id]; ok {
		return r.Session, nil
	}
	return "", fault.New(fault.TaskNotFound)
}

// Lookup plays the queue.
func (s *Stage) Lookup(_ context.Context, _ task.SessionID, id task.ID) (*task.Record, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[id]
	if !ok {
		return nil, 0, fault.New(fault.TaskNotFound)
	}
	copied := *r
	return &copied, r.Version, nil
}

// Tasks plays the queue.
func (s *Stage) Tasks(_ context.Context, owner task.SessionID) ([]task.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []task.ID
	for id, r := range s.records {
		if r.Session == owner {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Backlog plays the queue.
func (s *Stage) Backlog(context.Context) (uint64, error) { return 5, nil }

// Taken plays gateway/campaign: one has three tasks.
func (s *Stage) Taken(context.Context, string) (int64, error) { return 3, nil }

// Cancel plays the intake: the task stays running and is being canceled.
func (s *Stage) Cancel(_ context.Context, _ task.SessionID, id task.ID) (*task.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := *s.records[id]
	r.Canceling, r.Stage = true, task.StageCanceling
	r.Version++
	s.records[id] = &r
	return &r, nil
}

// PurgeCache plays the intake's cache.
func (s *Stage) PurgeCache(_ context.Context, owner task.SessionID, style string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	removed := min(s.cached, 1)
	if owner == "" && style == "" {
		removed = s.cached
	}
	s.cached -= removed
	return removed, nil
}

// CacheStats plays the intake's cache.
func (s *Stage) CacheStats(context.Context) (entries, sessions int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cached, min(s.cached, 2), nil
}

// Of plays gateway/quota.
func (s *Stage) Of(_ context.Context, id task.SessionID) (quota.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.usage(id), nil
}

func (s *Stage) usage(id task.SessionID) quota.Usage {
	if q, ok := s.quotas[id]; ok {
		return q
	}
	return quota.Usage{
		Daily: s.Policy.Limits().SessionDaily, Used: 2, ActiveLimit: s.Policy.Limits().SessionActive,
		ResetsAt: time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC),
	}
}

// Grant plays gateway/quota.
func (s *Stage) Grant(_ context.Context, id task.SessionID, externalID string, n int64, _ string) (quota.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.usage(id)
	if !s.granted[externalID] {
		q.Daily += n
		s.granted[externalID] = true
	}
	s.quotas[id] = q
	return q, nil
}

// Workers plays the fleet.
func (s *Stage) Workers() []fleet.Member { return s.members }

// Status plays the dispatcher.
func (s *Stage) Status() dispatch.Status {
	share, left, code := 0.96, int64(7), "InvalidApiKey"
	return dispatch.Status{
		Known: dispatch.Known{
			Providers: map[string]dispatch.ProviderStatus{
				"seedream": {
					Breakers: map[string]string{"cn-north": health.Open}, Until: map[string]time.Time{"cn-north": time.Now().Add(time.Minute)},
					Window: 4, P50Seconds: 12.5, P95Seconds: 31, Calls: 250, Success: &share, SpentFen: 1240, Remaining: &left,
					Refusal: &health.Refusal{Class: task.ClassAuth, Code: code, Message: "vendor answered 401: no such key", At: time.Now()},
				},
			},
			SpentFen: 1240, Campaigns: map[string]int64{"expo": 1240},
			Alarms: s.alarms(left),
		},
		Leader: true, Running: 2, InFlight: map[string]int{"mock": 2},
		Load: &queue.Load{Running: 2, Capacity: 12, P50: 3.5, P90: 8},
	}
}

// Waits plays the dispatcher.
func (s *Stage) Waits(r *task.Record) *operator.Wait {
	if r.State != task.Queued {
		return nil
	}
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &operator.Wait{For: operator.WaitBreaker, Message: "seedream is left alone in cn-north: auth InvalidApiKey", Until: &until}
}

// alarms are as the dispatcher's: of a budget, once there is one, and of what
// seedream still takes.
func (s *Stage) alarms(left int64) (out []dispatch.Alarm) {
	if fen, ok := s.Policy.State().Budgets["seedream"]; ok && fen*8 <= 1240*10 {
		out = append(out, dispatch.Alarm{What: alarm.Budget, Name: "seedream", SpentFen: 1240, BudgetFen: fen})
	}
	return append(out, dispatch.Alarm{What: alarm.Allowance, Name: "seedream", Remaining: left})
}

// Costs plays the dispatcher.
func (s *Stage) Costs(context.Context, int) ([]operator.Cost, error) {
	return []operator.Cost{
		{Day: "2026-03-01", Provider: "seedream", Model: "doubao-seedream-4-0-250828", Region: "cn-north", Sums: operator.Sums{Attempts: 64, OK: 60, Failed: 2, Unknown: 2, Hedges: 3, ChargedFen: 1200, UnknownFen: 40, ReturnedFen: 40, Pictures: 59, PictureFen: 1239}, FenPerPicture: new(21.0)},
		{Day: "2026-03-01", Provider: "mock", Model: "mock", Region: "cn-east", Sums: operator.Sums{Attempts: 5, OK: 5}},
	}, nil
}

// Progress plays a switch of providers.
func (s *Stage) Progress() (from, to ramp.Calls) {
	return ramp.Calls{Good: 97, Bad: 3}, ramp.Calls{Good: 14, Bad: 1}
}

// Counts plays the books of every experiment that has arms a and b.
func (s *Stage) Counts(context.Context, string) (map[string]experiment.Counts, error) {
	var a, b experiment.Counts
	for i := range 400 {
		fast := experiment.Picture(time.Duration(3000+i*20)*time.Millisecond, 20)
		if i%10 == 0 {
			fast.Rated, fast.Liked = 1, int64(min(1, i%40))
		}
		a.Add(fast)
		if i < 20 {
			a.Add(experiment.Failure(20))
			b.Add(experiment.Failure(14))
			b.Add(experiment.Picture(12*time.Second, 14))
		}
	}
	a.Regenerated, a.Deleted, a.Missed, b.Canceled = 12, 4, 3, 1
	return map[string]experiment.Counts{"a": a, "b": b}, nil
}

// Shares plays the books of experiments.
func (s *Stage) Shares(book string, e policy.Experiment) []experiment.Share {
	return experiment.ByWeight(book, e)
}

// Session plays the erasure.
func (s *Stage) Session(_ context.Context, id task.SessionID) (erasure.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := erasure.Receipt{ReceiptID: "receipt-1", Uploads: 1, At: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	for tid, rec := range s.records {
		if rec.Session == id {
			delete(s.records, tid)
			r.Tasks++
			r.Objects += 3
		}
	}
	return r, nil
}

// NoCDN takes the CDN away.
func (s *Stage) NoCDN() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noCDN = true
}

// RefreshCDN plays the store with a CDN.
func (s *Stage) RefreshCDN(_ context.Context, session string, _ store.DryRun) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noCDN {
		return "", fault.New(fault.CDNNotConfigured)
	}
	if session != "" {
		session += "/"
	}
	return "https://cdn.example.com/results/" + session, nil
}

// Usage plays a store that is too large to be counted in time.
func (s *Stage) Usage(context.Context, store.Scan) (store.Usage, error) {
	old := time.Now().Add(-7 * time.Hour)
	return store.Usage{Held: map[store.Kind]store.Held{
		store.Result: {Objects: 100_000, Bytes: 123 << 30, Oldest: old, ByAge: [4]int64{100 << 30, 20 << 30, 3 << 30}},
	}}, nil
}

// Space plays a disk.
func (s *Stage) Space() (store.Space, bool, error) {
	return store.Space{Free: 10 << 30, Total: 500 << 30, MinFree: 256 << 20}, true, nil
}

// Each plays the resumable uploads.
func (s *Stage) Each(see func(size int64, at time.Time)) error {
	see(5<<20, time.Now())
	return nil
}
