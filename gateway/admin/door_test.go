package admin_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/admin/admintest"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestOnlyTheTokenOpensTheDoor(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	for name, header := range map[string]string{
		"Nothing": "", "Another": "Bearer " + strings.Repeat("0", 32), "NoScheme": admintest.Token,
		"Basic": "Basic " + admintest.Token, "APrefix": "Bearer " + admintest.Token[:31], "More": "Bearer " + admintest.Token + "0",
	} {
		for _, path := range []string{"/admin/status", "/debug/pprof/"} {
			w := raw(t, s, "GET", path, "", func(r *http.Request) { r.Header.Set("Authorization", header) })
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s on %s: %d", name, path, w.Code)
			}
		}
	}
	if w := raw(t, s, "GET", "/debug/pprof/", "", nil); w.Code != http.StatusOK {
		t.Errorf("with the token: %d", w.Code)
	}
	if w := raw(t, s, "GET", "/livez", "", func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != http.StatusOK {
		t.Errorf("/livez: %d, want 200 without a token", w.Code)
	}
}

func TestAPageOfAnotherSiteCannotRebindItsNameToUs(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	for host, want := range map[string]int{
		"127.0.0.1:8081": 200, "localhost:8081": 200, "[::1]:8081": 200, "10.2.3.4": 200, "LOCALHOST": 200,
		"evil.example:8081": 403, "127.0.0.1.evil.example": 403, "": 403, "localhost.evil.example": 403,
	} {
		w := raw(t, s, "GET", "/admin/version", "", func(r *http.Request) { r.Host = host })
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestBodiesAreStrictAndSmall(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	for name, tc := range map[string]struct {
		body   string
		kind   string
		status int
	}{
		"UnknownField": {`{"limits":{"sessionDaily":1},"x":1}`, "application/json", 400},
		"TwoValues":    {`{"limits":{"sessionDaily":1}}{}`, "application/json", 400},
		"NoJSON":       {`limits`, "application/json", 400},
		"Nothing":      {``, "application/json", 400},
		"WrongType":    {`{"limits":{"sessionDaily":"1"}}`, "application/json", 400},
		"AForm":        {`{"limits":{"sessionDaily":1}}`, "application/x-www-form-urlencoded", 415},
		"Huge":         {`{"limits":{"` + strings.Repeat("x", 1<<17) + `":1}}`, "application/json", 413},
		"NoLimit":      {`{"limits":{}}`, "application/json", 400},
		"Negative":     {`{"limits":{"sessionDaily":-1}}`, "application/json", 422},
	} {
		w := raw(t, s, "PATCH", "/admin/limits", tc.body, func(r *http.Request) { r.Header.Set("Content-Type", tc.kind) })
		if w.Code != tc.status || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tc.status)
		}
	}
	if v := s.Policy.State().Version; v != 0 {
		t.Errorf("version = %d after refusals, want 0", v)
	}
}

func TestWhatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	for _, tc := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/admin/nothing", 404}, {"DELETE", "/admin/limits", 405}, {"GET", "/admin/tasks/" + task.NewID(), 404},
		{"GET", "/admin/tasks/..%2f..", 404}, {"PATCH", "/admin/providers/nobody", 404}, {"POST", "/admin/history/9/undo", 404},
		{"POST", "/admin/history/x/undo", 404}, {"GET", "/admin/sessions/x", 404}, {"GET", "/admin/tasks?limit=0", 400},
		{"GET", "/admin/history?limit=x", 400}, {"PATCH", "/admin/limits?dryRun=maybe", 400},
	} {
		body := ""
		if tc.method == "PATCH" {
			body = `{"limits":{"sessionDaily":1}}`
		}
		if w := raw(t, s, tc.method, tc.path, body, nil); w.Code != tc.status {
			t.Errorf("%s %s: %d %s, want %d", tc.method, tc.path, w.Code, w.Body, tc.status)
		}
	}
}

func TestBothSidesKnowTheSameLimits(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	got, err := c.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []operator.Limit
	for _, l := range limit.All() {
		want = append(want, operator.Limit{Key: l.Key, Value: l.Default, Configured: l.Default})
	}
	if !slices.Equal(got.Limits, want) {
		t.Errorf("the API lists %v, the table has %v", got.Limits, want)
	}
}

func TestMetricsNeedNoToken(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	raw(t, s, "GET", "/admin/version", "", nil)
	w := raw(t, s, "GET", "/metrics", "", func(r *http.Request) { r.Header.Del("Authorization") })
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `imgfleet_admin_request_seconds_count{route="GET /admin/version",status="200"} 1`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAnotherServerIsRecognised(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	c, err := operator.NewClient(operator.ClientConfig{Server: s.URL, Token: secret.New("x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context()); operator.CodeOf(err) != "not_the_admin_api" {
		t.Errorf("err = %v", err)
	}
	for _, bad := range []operator.ClientConfig{{}, {Server: "ftp://x"}, {Server: "http://127.0.0.1", Token: secret.New("a\nb")}, {Server: "http://192.0.2.1"}, {Server: "http://127.0.0.1.example"}, {Server: "http://localhost@192.0.2.1"}} {
		if _, err := operator.NewClient(bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestRunServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	config := admin.Defaults()
	config.Listen, config.Token = "127.0.0.1:0", secret.New(admintest.Token)
	s, err := admin.New(config, admin.Deps{Policy: admintest.New(t).Policy, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	addr, err := s.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c, err := operator.NewClient(operator.ClientConfig{Server: "http://" + addr.String(), Token: secret.New(admintest.Token)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Version(t.Context()); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want context.Canceled", err)
	}
	config.Listen = "nonsense"
	if _, err := admin.New(config, admin.Deps{}); err == nil {
		t.Error("nonsense is an address")
	}
}

func TestAProbeNeedsNoTokenAndGetsNoDetails(t *testing.T) {
	t.Parallel()
	s := admintest.New(t)
	s.Fail(errors.New("disk is full"))
	for name, tc := range map[string]struct {
		token  string
		status int
		told   bool
	}{
		"Probe": {"", http.StatusServiceUnavailable, false}, "Operator": {"Bearer " + admintest.Token, http.StatusServiceUnavailable, true}, "Stranger": {"Bearer x", http.StatusUnauthorized, false},
	} {
		w := raw(t, s, "GET", "/readyz?verbose", "", func(r *http.Request) { r.Header.Set("Authorization", tc.token) })
		if told := strings.Contains(w.Body.String(), "disk is full"); w.Code != tc.status || told != tc.told {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	s.Fail(nil)
	if w := raw(t, s, "GET", "/readyz", "", func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"ready":true`) {
		t.Errorf("all is well: %d %s", w.Code, w.Body)
	}
}
