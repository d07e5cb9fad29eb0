package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func writeJSON(w http.ResponseWriter, status int, v any) int {
	return write(w, status, "application/json", v)
}

func write(w http.ResponseWriter, status int, contentType string, v any) int {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal","status":500}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return status
}

// tag names the operator state an answer was made from, for If-Match.
func (s *Server) tag(w http.ResponseWriter) {
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, s.deps.Policy.State().Version))
}

// safely turns a panic into an error, so that the operator gets an answer
// instead of a broken connection.
func safely(h handler, r *http.Request) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.InternalError, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return h(r)
}

// observe measures a request and writes its line at the end.
func (s *Server) observe(path string, r *http.Request) func(status int) {
	began := time.Now()
	return func(status int) {
		took := time.Since(began)
		s.requests.WithLabelValues(r.Method+" "+path, strconv.Itoa(status)).Observe(took.Seconds())
		log := s.deps.Logger.Debug
		if r.Method != http.MethodGet {
			log = s.deps.Logger.Info
		}
		log("admin request", "method", r.Method, "path", r.URL.Path, "status", status, "took", took,
			"who", spoken(r, operator.HeaderWho))
	}
}

// complain logs internal failures; a refusal is in the answer to the operator.
func (s *Server) complain(r *http.Request, err error) {
	if fault.KindOf(err) == fault.Internal {
		s.deps.Logger.Error("admin request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
}

// changed shows a policy change, made or only tried.
func changed(c operator.Change, e policy.Edit) operator.Change {
	c.Unchanged, c.DryRun = c.Empty(), e.DryRun
	return c
}
