package httpapi

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestWithoutATokenNothingElseMatters(t *testing.T) {
	t.Parallel()
	h := start(t)
	id := task.NewID()
	for _, c := range []struct{ method, path string }{
		{"GET", "/tasks/x/stream"}, {"GET", "/tasks/" + id + "/ws"}, {"GET", "/tasks/x/ws"}, // whatever is wrong besides
		{"PUT", "/tasks"}, {"PATCH", "/tasks/" + id}, {"GET", "/tasks/" + id + "/cancel"}, {"GET", "/uploads"}, // no such method
		{"POST", "/tasks/" + id + "/nothing"}, {"GET", "/uploads/" + id + "/nothing"}, {"GET", "/session/nothing"}, // no such route
	} {
		r := h.do(c.method, c.path, "", "")
		if r.status != 401 || r.code() != "token_missing" || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.status, r.code())
		}
	}
	if r := h.do("GET", "/favicon.ico", "", ""); r.status != 404 {
		t.Errorf("a public address that does not exist: %d", r.status)
	}
	if r := h.do("DELETE", "/catalog", "", ""); r.status != 405 {
		t.Errorf("a public address with another method: %d", r.status)
	}
}

func TestWithATokenTheAnswerSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := start(t)
	token, id := h.session(), task.NewID()
	for path, want := range map[string]int{"/tasks/" + id: 405, "/uploads": 405, "/tasks/" + id + "/nothing": 404} {
		if r := h.do("PATCH", path, token, ""); r.status != want {
			t.Errorf("PATCH %s: %d, want %d", path, r.status, want)
		}
	}
	r := h.do("PUT", "/tasks/"+id, token, "")
	if got := r.header.Get("Allow"); got != "GET, HEAD, DELETE, OPTIONS" {
		t.Errorf("Allow: %s", got)
	}
}
