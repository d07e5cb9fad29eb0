package e2e_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func gatewayEffects() []effect {
	return []effect{
		{"http.listen http.publicUrl http.corsOrigins http.trustedProxies http.node data.dir session.ttl retention admin.listen admin.token", seePublicKeys},
		{"http.drainNotice", seeNotice},
		{"session.renewWithin", seeRenewals},
		{"session.maxAge", seeAge},
		{"session.challenge", seeChallenge},
		{limitKeys(), seeLimits},
		{"store.minFree", seeRoom},
		{"log.level log.format", seeLogs},
		{"engine.url engine.listen engine.token store.shared", seeEngine},
		{"fallback.unknown fallback.hedgeBudget fallback.doublePayFenPerDay fallback.mock", seeFallback},
		{"environment", seeEnvironment},
		{"objectives.success objectives.p95 objectives.errors", seeObjectives},
		{"simulate.listen simulate.vendors[].name simulate.vendors[].kind simulate.vendors[].dialect simulate.vendors[].listen simulate.vendors[].apiKey simulate.vendors[].knobs", seeSimulation},
	}
}

func seePublicKeys(t *testing.T) {
	s := gatewayWith(t, section{
		"http": section{
			"publicUrl": "https://pictures.example.com", "corsOrigins": []string{"https://www.example.com"},
			"trustedProxies": []string{"127.0.0.1"}, "node": "seventh",
		},
		"admin": section{"token": "env:TOKEN"}, "session": section{"ttl": "7m"}, "retention": "20m",
		"limits": section{"ipSessionsPerHour": 2},
	}, "TOKEN=a-token-of-the-test")
	base := "http://" + s.http
	if _, err := os.Stat(filepath.Join(s.data, "engine")); err != nil {
		t.Errorf("data.dir: %v", err)
	}
	if _, err := s.operators(t, "a-token-of-the-test").Status(t.Context()); err != nil {
		t.Errorf("admin.token: %v", err)
	}
	if _, err := s.operators(t, "another-token-of-the-test").Status(t.Context()); operator.StatusOf(err) != http.StatusUnauthorized {
		t.Errorf("admin.token: another one gets %v", err)
	}
	one := s.session(t)
	if left := time.Until(one.ExpiresAt()); left > 7*time.Minute || left < 6*time.Minute {
		t.Errorf("session.ttl: a token is good for %v", left)
	}
	up, err := one.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: 1000, Consent: true})
	if err != nil || !strings.HasPrefix(up.UploadURL, "https://pictures.example.com/") {
		t.Errorf("http.publicUrl: %q, %v", up.UploadURL, err)
	}
	resp, _ := answer(t, http.MethodPost, base+"/uploads/tus", "", "Authorization", "Bearer "+one.Token(), "Tus-Resumable", "1.0.0",
		"Upload-Length", "1000", "Upload-Metadata", "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ==")
	if to := resp.Header.Get("Location"); !strings.Contains(to, "seventh") {
		t.Errorf("http.node: a resumable upload goes on at %q", to)
	}
	resp, _ = answer(t, http.MethodOptions, base+"/sessions", "", "Origin", "https://www.example.com", "Access-Control-Request-Method", "POST")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "https://www.example.com" {
		t.Errorf("http.corsOrigins: %q may call", got)
	}
	for i, want := range []int{http.StatusCreated, http.StatusCreated, http.StatusPreconditionRequired} {
		if resp, _ := answer(t, http.MethodPost, base+"/sessions", "", "X-Forwarded-For", "203.0.113.9"); resp.StatusCode != want {
			t.Errorf("http.trustedProxies: session %d of an address gets %d, want %d", i, resp.StatusCode, want)
		}
	}
	if left := time.Until(up.ExpiresAt); left > 20*time.Minute || left < 15*time.Minute {
		t.Errorf("retention: a declared upload lives for %v", left)
	}
}

func seeNotice(t *testing.T) {
	s := gatewayWith(t, section{"http": section{"drainNotice": "2s"}})
	s.session(t)
	gone := s.Signal(syscall.SIGTERM)
	ask := func(path string) int {
		resp, _ := answer(t, http.MethodGet, "http://"+s.http+path, "")
		return resp.StatusCode
	}
	eventually(t, func() bool {
		return ask("/readyz") == http.StatusServiceUnavailable && strings.Contains(s.said(), "gateway stops soon")
	})
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if status := ask("/catalog"); status != http.StatusOK {
			t.Errorf("http.drainNotice: refused with %d while it is served", status)
		}
	}
	<-gone
}

func seeRenewals(t *testing.T) {
	s := gatewayWith(t, section{"session": section{"ttl": "1s", "renewWithin": "1s"}})
	one := s.session(t)
	eventually(t, func() bool { // by default it could be renewed for a day
		_, doc := answer(t, http.MethodPost, "http://"+s.http+"/sessions", "", "Authorization", "Bearer "+one.Token())
		return doc["sessionId"] != string(one.ID())
	})
}

func seeAge(t *testing.T) {
	s := gatewayWith(t, section{"session": section{"ttl": "2s", "maxAge": "2s"}})
	token := s.session(t).Token()
	eventually(t, func() bool { // by default it could be renewed for a month
		resp, doc := answer(t, http.MethodPost, "http://"+s.http+"/sessions", "", "Authorization", "Bearer "+token)
		return resp.StatusCode == http.StatusUnauthorized && doc["code"] == "token_expired"
	})
}

func seeChallenge(t *testing.T) {
	for mode, want := range map[string][]int{
		"on":   {http.StatusPreconditionRequired, http.StatusPreconditionRequired},
		"auto": {http.StatusCreated, http.StatusPreconditionRequired},
		"off":  {http.StatusCreated, http.StatusTooManyRequests},
	} {
		s := gatewayWith(t, section{"session": section{"challenge": mode}, "limits": section{"ipSessionsPerHour": 1}})
		for i, status := range want {
			if resp, doc := answer(t, http.MethodPost, "http://"+s.http+"/sessions", ""); resp.StatusCode != status {
				t.Errorf("session.challenge %s: session %d gets %d %v, want %d", mode, i, resp.StatusCode, doc, status)
			}
		}
		if mode != "off" {
			s.session(t) // by a client that does the work
		}
	}
}

func limitKeys() string {
	var keys []string
	for _, l := range limit.All() {
		keys = append(keys, "limits."+l.Key)
	}
	return strings.Join(keys, " ")
}

func seeLimits(t *testing.T) {
	want, more := map[string]int64{}, section{}
	for i, l := range limit.All() {
		want[l.Key] = l.Default + int64(i) + 1
		more[l.Key] = want[l.Key]
	}
	s := gatewayWith(t, section{"limits": more})
	got, err := s.operators(t, "").Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range got.Limits {
		if l.Value != want[l.Key] {
			t.Errorf("limits.%s is %d, want %d", l.Key, l.Value, want[l.Key])
		}
		delete(want, l.Key)
	}
	if len(want) > 0 {
		t.Errorf("no limits in force: %v", want)
	}
}

func seeRoom(t *testing.T) {
	s := gatewayWith(t, section{"store": section{"minFree": "1000000TiB"}})
	one := s.session(t)
	resp, doc := answer(t, http.MethodPost, "http://"+s.http+"/uploads/tus", "", "Authorization", "Bearer "+one.Token(), "Tus-Resumable", "1.0.0",
		"Upload-Length", "1000", "Upload-Metadata", "filetype aW1hZ2UvanBlZw==,consent dHJ1ZQ==")
	if doc["code"] != string(fault.StorageFull) {
		t.Errorf("an upload that leaves too little room gets %d %v", resp.StatusCode, doc)
	}
}

func seeLogs(t *testing.T) {
	pretty := gatewayWith(t, section{"log": section{"format": "pretty"}})
	eventually(t, func() bool { return strings.Contains(pretty.said(), "gateway serves") })
	if strings.HasPrefix(pretty.said(), "{") {
		t.Errorf("log.format: pretty says %s", pretty.said())
	}
	quiet := gatewayWith(t, section{"log": section{"level": "error"}})
	if said := quiet.said(); strings.Contains(said, `"INFO"`) {
		t.Errorf("log.level: error says %s", said)
	}
}

func seeEngine(t *testing.T) {
	at, err := rig.FreePorts(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	first := gatewayWith(t, section{"engine": section{"listen": at[0], "token": "a-secret-of-the-engine"}})
	if !engineTakes(t, at[0], "a-secret-of-the-engine") || engineTakes(t, at[0], "another") {
		t.Error("engine.token: the engine takes another one, or not its own")
	}
	second := gatewayWith(t, section{
		"engine": section{"url": "nats://" + at[0], "token": "a-secret-of-the-engine"}, "store": section{"shared": true}, "data": section{"dir": first.data},
	})
	one := first.session(t)
	eventually(t, func() bool { // both have the keys that lie in the one engine
		resp, _ := answer(t, http.MethodGet, "http://"+second.http+"/session", "", "Authorization", "Bearer "+one.Token())
		return resp.StatusCode == http.StatusOK
	})
}

func seeFallback(t *testing.T) {
	s := gatewayWith(t, section{
		"fallback":  section{"unknown": "next", "hedgeBudget": 0.25, "doublePayFenPerDay": 77, "mock": false},
		"providers": []section{{"name": "a", "kind": "seedream", "priceFen": 1}, {"name": "m", "kind": "mock"}},
	})
	got, err := s.operators(t, "").Fallback(t.Context())
	want := operator.Fallback{Unknown: "next", HedgeBudget: 0.25, DoublePayFenPerDay: 77}
	if err != nil || got.Configured != want {
		t.Errorf("configured: %+v, %v, want %+v", got.Configured, err, want)
	}
}

func seeEnvironment(t *testing.T) {
	simulated := playedWith(t, section{"environment": "prod"})
	if said := simulated.ended(t); !strings.Contains(said, "environment (line 1): vendors are simulated in dev only") {
		t.Errorf("vendors are played in prod: %s", said)
	}
}

func seeObjectives(t *testing.T) {
	s := gatewayWith(t, section{"objectives": section{"success": 0.75, "p95": "77s", "errors": 0.125}})
	shows(t, map[string]float64{
		"imgfleet_objective_seconds": 77, "imgfleet_objective_success_ratio": 0.75, "imgfleet_objective_errors_ratio": 0.125,
	}, s.admin)
	got, err := s.operators(t, "").Status(t.Context())
	if err != nil || len(got.Objectives) != 3 || got.Objectives[1].Objective != 77 {
		t.Errorf("%+v, %v", got.Objectives, err)
	}
}

// playedWith starts a worker that plays vendors.
func playedWith(t *testing.T, config section) byHand {
	t.Helper()
	return startWith(t, rig.Worker, config, nil, "-simulate")
}

func seeSimulation(t *testing.T) {
	at, err := rig.FreePorts(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	played := playedWith(t, section{"simulate": section{"listen": at[0], "vendors": []section{
		{"name": "seventh", "kind": "openai", "dialect": "siliconflow", "listen": at[1], "apiKey": "a-key", "knobs": "transient=1&median=1ms&p95=2ms"},
	}}})
	eventually(t, func() bool { return listens(t, at[0]) && listens(t, at[1]) })
	_, books := answer(t, http.MethodGet, "http://"+at[0]+"/books", "")
	if vendors, _ := books["vendors"].(map[string]any); vendors["seventh"] == nil {
		t.Errorf("simulate.vendors[].name: the books hold %v", books)
	}
	const asked = `{"model":"Qwen/Qwen-Image-Edit-2509","prompt":"a heron","image":"data:image/jpeg;base64,/9j/"}`
	url := "http://" + at[1] + "/v1/images/generations"
	wrong, _ := answer(t, http.MethodPost, url, asked, "Authorization", "Bearer another", "Content-Type", "application/json")
	right, _ := answer(t, http.MethodPost, url, asked, "Authorization", "Bearer a-key", "Content-Type", "application/json")
	if wrong.StatusCode != http.StatusUnauthorized || right.StatusCode == http.StatusUnauthorized || right.StatusCode == http.StatusNotFound {
		t.Errorf("simulate.vendors[].apiKey: another key gets %d, the right one %d\n%s", wrong.StatusCode, right.StatusCode, tail(played.said()))
	}
}

func listens(t *testing.T, addr string) bool {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
