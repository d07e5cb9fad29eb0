package cdntest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Who may ask.
const (
	AccessKey = "AKCDNTEST"
	SecretKey = "a-secret-of-the-cdn"
	DomainID  = "0b672aaaaaaaaaaaaaaaaaaaaaaaaae0"
)

const (
	maxFiles       = 1000
	maxDirectories = 100
	maxURL         = 4096
	maxBody        = 8 << 20
)

// Task is one refresh that was taken.
type Task struct {
	Type    string
	Project string
	URLs    []string
}

// Answer replaces the next answer to a refresh.
type Answer struct {
	Status int
	Body   string
}

// The refusals that are documented or were seen. The last comes with status
// 200, as some of the CDN's do.
var (
	Denied  = Answer{http.StatusForbidden, `{"error":{"error_code":"CDN.0001","error_msg":"no permission"}}`}            //nolint:gochecknoglobals // constants of the protocol
	Busy    = Answer{http.StatusTooManyRequests, `{"error_msg":"throttled","error_code":"APIGW.0308"}`}                  //nolint:gochecknoglobals // as above
	Down    = Answer{http.StatusServiceUnavailable, `not even JSON`}                                                     //nolint:gochecknoglobals // as above
	Foreign = Answer{http.StatusBadRequest, `{"error":{"error_code":"CDN.0109","error_msg":"not your domain"}}`}         //nolint:gochecknoglobals // as above
	TooMany = Answer{http.StatusOK, `{"error":{"error_code":"CDN.0113","error_msg":"the number of URLs is exhausted"}}`} //nolint:gochecknoglobals // as above
)

// Server is a running double that ends with its test. A request that the real
// one would not understand fails the test.
type Server struct {
	Endpoint string

	t       *testing.T
	mu      sync.Mutex
	tasks   []Task
	answers []Answer
	left    map[string]int
}

// Start serves. Quotas are those of a fresh account.
func Start(t *testing.T) *Server {
	t.Helper()
	s := &Server{t: t, left: map[string]int{"file_refresh": 2000, "dir_refresh": 100}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.0/cdn/content/refresh-tasks", s.signed(s.refresh))
	mux.HandleFunc("GET /v1.0/cdn/quota", s.signed(s.quota))
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	s.Endpoint = h.URL
	return s
}

// Next lets the next refreshes be answered so, one after the other.
func (s *Server) Next(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// Leave sets what is left of the day's quota.
func (s *Server) Leave(files, directories int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = map[string]int{"file_refresh": files, "dir_refresh": directories}
}

// Tasks are the refreshes that were taken.
func (s *Server) Tasks() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tasks)
}

// URLs are all addresses of one type that were taken, sorted.
func (s *Server) URLs(kind string) []string {
	var all []string
	for _, task := range s.Tasks() {
		if task.Type == kind {
			all = append(all, task.URLs...)
		}
	}
	slices.Sort(all)
	return all
}

// signed lets a request through that was signed with our key.
func (s *Server) signed(next func(w http.ResponseWriter, r *http.Request, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			err = verify(r, body)
		}
		if err != nil {
			s.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			http.Error(w, `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information"}`, http.StatusUnauthorized)
			return
		}
		next(w, r, body)
	}
}

func (s *Server) refresh(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		Task struct {
			Type string   `json:"type"`
			Mode string   `json:"mode"`
			URLs []string `json:"urls"`
		} `json:"refresh_task"`
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		s.t.Errorf("refresh: %v in %s", err, body)
	}
	most := map[string]int{"file": maxFiles, "directory": maxDirectories}[in.Task.Type]
	if len(in.Task.URLs) == 0 || len(in.Task.URLs) > most {
		s.t.Errorf("%d addresses of type %q, want 1 to %d", len(in.Task.URLs), in.Task.Type, most)
	}
	for _, u := range in.Task.URLs {
		directory := strings.HasSuffix(u, "/")
		if !strings.HasPrefix(u, "http") || len(u) > maxURL || strings.ContainsAny(u, " ?") || directory != (in.Task.Type == "directory") {
			s.t.Errorf("address %q of type %s", u, in.Task.Type)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if len(s.answers) > 0 {
		a := s.answers[0]
		s.answers = s.answers[1:]
		w.WriteHeader(a.Status)
		_, _ = io.WriteString(w, a.Body)
		return
	}
	quota := map[string]string{"file": "file_refresh", "directory": "dir_refresh"}[in.Task.Type]
	if s.left[quota] -= len(in.Task.URLs); s.left[quota] < 0 {
		s.t.Errorf("%d addresses past the day's quota", -s.left[quota])
	}
	s.tasks = append(s.tasks, Task{Type: in.Task.Type, Project: r.URL.Query().Get("enterprise_project_id"), URLs: in.Task.URLs})
	_, _ = fmt.Fprintf(w, `{"refresh_task":"%d"}`, 7620240+len(s.tasks))
}

func (s *Server) quota(w http.ResponseWriter, _ *http.Request, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"quotas":[{"type":"file_refresh","quota_limit":%d,"used":0,"user_domain_id":%q},
		{"type":"dir_refresh","quota_limit":%d,"used":0,"user_domain_id":%q},{"type":"preheat","quota_limit":1000,"used":0}]}`,
		s.left["file_refresh"], DomainID, s.left["dir_refresh"], DomainID)
}
