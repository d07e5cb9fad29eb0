package httpapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAPhotoBecomesATask(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	doc := h.task(token)
	if doc["state"] != "queued" || doc["version"] != 1.0 || doc["message"] == "" {
		t.Errorf("document: %v", doc)
	}
	links := doc["links"].(map[string]any)
	if !strings.HasPrefix(links["stream"].(string), "/tasks/") || !strings.Contains(links["stream"].(string), "?ticket=") {
		t.Errorf("links: %v", links)
	}
	id := task.ID(doc["taskId"].(string))
	h.world.publish(id, progress(40))
	h.world.publish(id, succeed)
	r := h.do("GET", "/tasks/"+string(id), token, "")
	if got := r.json(t); got["state"] != "succeeded" || got["result"].(map[string]any)["imageUrl"] == "" {
		t.Errorf("document: %v", got)
	}
	if again := h.do("GET", "/tasks/"+string(id), token, "", "If-None-Match", r.header.Get("ETag")); again.status != 304 || len(again.body) != 0 {
		t.Errorf("with its ETag: %d %s", again.status, again.body)
	}
}

func TestRoutesNeedAToken(t *testing.T) {
	t.Parallel()
	h := start(t)
	for _, r := range h.server.routes {
		path := strings.NewReplacer("{taskId}", task.NewID(), "{uploadId}", task.NewID(), "{key}", "a/b", "{kind}", "styles", "{id}", "ink", "{name}", "app.js").Replace(r.path)
		got := h.do(r.method, path, "", "")
		if r.access == public {
			if got.status == 401 || got.status >= 500 {
				t.Errorf("%s %s: %d", r.method, r.path, got.status)
			}
			continue
		}
		if got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") || got.code() != "token_missing" {
			t.Errorf("%s %s without a token: %d %s", r.method, r.path, got.status, got.body)
		}
		if bad := h.do(r.method, path, "nonsense", ""); bad.status != 401 || bad.code() != "token_invalid" {
			t.Errorf("%s %s with a bad token: %d", r.method, r.path, bad.status)
		}
	}
}

func TestForeignAndUnknownIdsAreAlike(t *testing.T) {
	t.Parallel()
	h := start(t)
	mine, other := h.session(), h.session()
	id := h.taskID(mine)
	for _, unknown := range []string{string(id), task.NewID(), "x", "..%2f..%2fetc", "%00", strings.Repeat("a", 300)} {
		for _, sub := range []string{"", "/stream"} {
			if r := h.do("GET", "/tasks/"+unknown+sub, other, ""); r.status != 404 {
				t.Errorf("GET %s%s: %d %s", unknown, sub, r.status, r.body)
			}
		}
		if r := h.do("POST", "/tasks/"+unknown+"/cancel", other, ""); r.status != 404 {
			t.Errorf("cancel %s: %d", unknown, r.status)
		}
	}
}

func TestProblemsSpeakTheCallersLanguage(t *testing.T) {
	t.Parallel()
	h := start(t)
	for accept, want := range map[string]string{"": "请先开始", "en-GB,zh;q=0.5": "Please start", "fr, en;q=0.2, zh-TW;q=0.8": "请先开始"} {
		r := h.do("GET", "/session", "", "", "Accept-Language", accept)
		p := r.json(t)
		if !strings.HasPrefix(p["detail"].(string), want) || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q: %v", accept, p)
		}
		if p["requestId"] == "" || r.header.Get("X-Request-Id") != p["requestId"] {
			t.Errorf("request id: %v", p)
		}
	}
}

func TestRequestIdsAreKeptWhenSane(t *testing.T) {
	t.Parallel()
	h := start(t)
	if got := h.do("GET", "/livez", "", "", "X-Request-Id", "abc-123.DEF").header.Get("X-Request-Id"); got != "abc-123.DEF" {
		t.Errorf("got %q", got)
	}
	if got := h.do("GET", "/livez", "", "", "X-Request-Id", `a"b<script>`).header.Get("X-Request-Id"); strings.Contains(got, "<") || got == "" {
		t.Errorf("got %q", got)
	}
}

func TestShapeErrorsPointAtTheField(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	for body, pointer := range map[string]string{
		`{`:           "",
		`{"style":1}`: "/uploadId",
		fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund","options":{"seed":"x"}}`, task.NewID()): "/options/seed",
		fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund","nope":1}`, task.NewID()):               "/nope",
	} {
		r := h.do("POST", "/tasks", token, body)
		errs, _ := r.json(t)["errors"].([]any)
		if r.status != 400 || len(errs) == 0 || errs[0].(map[string]any)["pointer"] != pointer {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	out := fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund","options":{"steps":0}}`, h.photo(token))
	if r := h.do("POST", "/tasks", token, out); r.status != 422 {
		t.Errorf("steps 0: %d %s", r.status, r.body)
	}
}

func TestIdempotencyKeysAreCheckedAndReplaysSaySo(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	body := fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund"}`, h.photo(token))
	first := h.do("POST", "/tasks", token, body, "Idempotency-Key", "k-1")
	again := h.do("POST", "/tasks", token, body, "Idempotency-Key", "k-1")
	if first.json(t)["taskId"] != again.json(t)["taskId"] || again.header.Get("Idempotency-Replayed") != "true" || first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("replay: %v", again.header)
	}
	for _, key := range []string{strings.Repeat("k", 256), "with space", "ключ"} {
		if r := h.do("POST", "/tasks", token, body, "Idempotency-Key", key); r.status != 400 || r.code() != "idempotency_key_invalid" {
			t.Errorf("key %.20q: %d", key, r.status)
		}
	}
}

func TestWaitingSeesTheChange(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	tag := h.do("GET", "/tasks/"+string(id), token, "").header.Get("ETag")
	if r := h.do("GET", "/tasks/"+string(id)+"?wait=0.05", token, "", "If-None-Match", tag); r.status != 304 {
		t.Errorf("nothing changed: %d", r.status)
	}
	if r := h.do("GET", "/tasks/"+string(id)+"?wait=0.05", token, ""); r.status != 200 {
		t.Errorf("nothing changed, no tag: %d", r.status)
	}
	waiting := make(chan reply, 1)
	go func() { waiting <- h.do("GET", "/tasks/"+string(id)+"?wait=20", token, "", "If-None-Match", tag) }()
	eventually(t, func() bool { return h.world.readers(id) == 1 })
	h.world.publish(id, progress(10))
	r := <-waiting
	if r.status != 200 || r.json(t)["progress"] != 10.0 {
		t.Errorf("after the change: %d %s", r.status, r.body)
	}
	h.world.publish(id, succeed)
	began := time.Now()
	if r := h.do("GET", "/tasks/"+string(id)+"?wait=20", token, ""); r.status != 200 || time.Since(began) > 3*time.Second {
		t.Errorf("a finished task was waited for: %d", r.status)
	}
	for _, bad := range []string{"26", "-1", "x", "NaN"} {
		if r := h.do("GET", "/tasks/"+string(id)+"?wait="+bad, token, ""); r.status != 400 {
			t.Errorf("wait=%s: %d", bad, r.status)
		}
	}
}

func (w *world) readers(id task.ID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.tasks[id].readers)
}

func TestRateLimitsAreToldAndRefused(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.allow = func(a ratelimit.Action) (ratelimit.Window, error) {
		w := ratelimit.Window{Limit: 60, Remaining: 0, Length: time.Minute, Reset: 90 * time.Second}
		if a == ratelimit.Session {
			w.Length = time.Hour
			return w, fault.New(fault.RateLimited).After(90 * time.Second)
		}
		return w, nil
	}
	r := h.do("POST", "/sessions", "", "{}")
	if r.status != 429 || r.header.Get("Retry-After") != "90" || r.code() != "rate_limited" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if got := r.header.Get("RateLimit"); got != `"post";r=0;t=90, "session";r=0;t=90` {
		t.Errorf("RateLimit: %s", got)
	}
	if got := r.header.Get("RateLimit-Policy"); got != `"post";q=60;w=60, "session";q=60;w=3600` {
		t.Errorf("RateLimit-Policy: %s", got)
	}
}

func TestAReplayIsAnsweredPastTheRateLimit(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	body := fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund"}`, h.photo(token))
	first := h.do("POST", "/tasks", token, body, "Idempotency-Key", "k-1")
	h.world.allow = func(ratelimit.Action) (ratelimit.Window, error) {
		return ratelimit.Window{Limit: 1, Reset: time.Minute}, fault.New(fault.RateLimited).After(time.Minute)
	}
	again := h.do("POST", "/tasks", token, body, "Idempotency-Key", "k-1")
	if again.status != 202 || again.json(t)["taskId"] != first.json(t)["taskId"] {
		t.Errorf("replay: %d %s", again.status, again.body)
	}
	for _, headers := range [][]string{{"Idempotency-Key", "k-2"}, nil} {
		if r := h.do("POST", "/tasks", token, body, headers...); r.status != 429 || r.code() != "rate_limited" {
			t.Errorf("new task with %v: %d %s", headers, r.status, r.body)
		}
	}
}

func TestForeignPagesNeedToBeConfigured(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.CORSOrigins = []string{"https://app.example"} })
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": ""} {
		r := h.do("GET", "/catalog", "", "", "Origin", origin)
		if got := r.header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s: allowed %q", origin, got)
		}
		pre := h.do("OPTIONS", "/tasks", "", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if pre.status != 204 || (pre.header.Get("Access-Control-Allow-Methods") != "") != (want != "") {
			t.Errorf("%s: preflight %d %v", origin, pre.status, pre.header)
		}
	}
	r := h.do("GET", "/session", "", "", "Origin", "https://app.example")
	if !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "RateLimit-Policy") {
		t.Errorf("a refusal hides its headers: %v", r.header)
	}
}

func TestFilesAreServedInParts(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.objects["s/tasks/t/1.jpg"] = []byte("0123456789")
	const path = "/files/s/tasks/t/1.jpg?s=GET"
	whole := h.do("GET", path, "", "")
	if whole.status != 200 || string(whole.body) != "0123456789" || whole.header.Get("X-Content-Type-Options") != "nosniff" || whole.header.Get("ETag") == "" {
		t.Fatalf("whole: %d %v", whole.status, whole.header)
	}
	head := h.do("HEAD", path, "", "")
	if head.status != 200 || head.header.Get("Content-Length") != "10" || len(head.body) != 0 {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	for spec, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789", "bytes=8-99": "89", "bytes=0-0": "0"} {
		r := h.do("GET", path, "", "", "Range", spec)
		if r.status != 206 || string(r.body) != want || !strings.HasSuffix(r.header.Get("Content-Range"), "/10") {
			t.Errorf("%s: %d %q %s", spec, r.status, r.body, r.header.Get("Content-Range"))
		}
	}
	for _, spec := range []string{"bytes=10-", "bytes=-0", "bytes=99-100"} {
		if r := h.do("GET", path, "", "", "Range", spec); r.status != 416 || r.header.Get("Content-Range") != "bytes */10" {
			t.Errorf("%s: %d %v", spec, r.status, r.header)
		}
	}
	for _, spec := range []string{"bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=-"} {
		if r := h.do("GET", path, "", "", "Range", spec); r.status != 200 || len(r.body) != 10 {
			t.Errorf("%s: %d", spec, r.status)
		}
	}
	if r := h.do("GET", path, "", "", "Range", "bytes=1-2", "If-Range", `"other"`); r.status != 200 {
		t.Errorf("If-Range: %d", r.status)
	}
	if r := h.do("GET", path, "", "", "If-None-Match", whole.header.Get("ETag")); r.status != 304 {
		t.Errorf("If-None-Match: %d", r.status)
	}
	for _, bad := range []string{"/files/s/tasks/t/1.jpg?s=PUT", "/files/s/tasks/t/1.jpg", "/files/%2e%2e/%2e%2e/etc/passwd?s=x", "/files/?s=", "/files/a?%zz"} {
		if r := h.do("GET", bad, "", ""); r.status != 403 && r.status != 404 {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
}

func TestASignedPutTakesExactlyWhatWasDeclared(t *testing.T) {
	t.Parallel()
	h := start(t)
	for name, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"exact":         {"12345", "image/jpeg", 200},
		"too long":      {"123456", "image/jpeg", 413},
		"too short":     {"1234", "image/jpeg", 400},
		"another type":  {"12345", "text/html", 403},
		"no type":       {"12345", "", 200},
		"nothing":       {"", "image/jpeg", 400},
		"type and more": {"12345", "image/jpeg; x=y", 200},
	} {
		if r := h.do("PUT", "/files/s/uploads/u/raw?s=PUT&z=5&c=image%2Fjpeg", "", c.body, "Content-Type", c.kind); r.status != c.status {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestPanicsAreOursAndSayNothing(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.explode = true
	token := h.session()
	r := h.do("POST", "/tasks", token, fmt.Sprintf(`{"uploadId":%q,"style":"ink","place":"bund"}`, h.photo(token)))
	if r.status != 500 || r.code() != "internal" || strings.Contains(string(r.body), "bug") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if !strings.Contains(h.log.String(), "handler panicked") {
		t.Error("the log does not know")
	}
	if r := h.do("GET", "/livez", "", ""); r.status != 200 {
		t.Errorf("after it: %d", r.status)
	}
}

func TestTicketsAndQueriesAreNotLogged(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	h.world.publish(id, succeed)
	h.do("GET", "/tasks/"+string(id)+"/stream?ticket="+h.world.Ticket(session.ID(token), id, time.Time{}), "", "")
	h.do("POST", "/client-errors", "", `{"message":"at https://x/y?ticket=sekrit Bearer abc","source":"/a#b"}`)
	h.stop()
	if log := h.log.String(); strings.Contains(log, "ticket") || strings.Contains(log, "sekrit") || strings.Contains(log, "Bearer") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log tells: %s", log)
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	for path, want := range map[string]int{"/nope": 404, "/tasks/": 404, "/tasks/" + task.NewID() + "/share": 404, "/s/abc": 404, "/sessions": 405} {
		method := "POST"
		if want == 405 {
			method = "PATCH"
		}
		r := h.do(method, path, token, "")
		if r.status != want || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d", method, path, r.status)
		}
		if want == 405 && !strings.Contains(r.header.Get("Allow"), "POST") {
			t.Errorf("Allow: %s", r.header.Get("Allow"))
		}
	}
}

func TestABusyPortIsAClearError(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := Defaults()
	c.Listen = h.server.Addr().String()
	if _, err := New(c, newWorld().deps(nil)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

// Streams, a wait for a task and files are as long as they are: they are not
// counted for the rate of their session. All else is.
func TestRequestsOfASessionAreCountedAndStreamsAreNot(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	id := string(h.taskID(token))
	h.world.allow = func(a ratelimit.Action) (ratelimit.Window, error) {
		w := ratelimit.Window{Limit: 600, Length: time.Minute, Reset: 30 * time.Second}
		if a == ratelimit.Request {
			return w, fault.New(fault.RateLimited).After(30 * time.Second)
		}
		return w, nil
	}
	for _, path := range []string{"/session", "/tasks", "/tasks/" + id, "/tasks/" + id + "?wait=0", "/session?wait=1", "/uploads/x"} {
		r := h.do("GET", path, token, "")
		if r.status != 429 || r.code() != "rate_limited" || r.header.Get("Retry-After") != "30" || r.header.Get("RateLimit") != `"request";r=0;t=30` {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
	}
	for _, path := range []string{"/tasks/" + id + "?wait=0.01", "/catalog", "/files/x"} {
		if r := h.do("GET", path, token, ""); r.status == 429 {
			t.Errorf("%s is counted", path)
		}
	}
	h.world.mu.Lock()
	before := len(h.world.counted)
	h.world.mu.Unlock()
	if r := h.do("GET", "/tasks/unknown/stream", token, ""); r.status == 429 {
		t.Error("a stream is counted")
	}
	h.world.mu.Lock()
	defer h.world.mu.Unlock()
	if len(h.world.counted) != before {
		t.Errorf("counted %v", h.world.counted[before:])
	}
}
