package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// bounded asks one gateway everything.
type bounded struct {
	*site

	client   *http.Client
	bucket   bool // pictures lie in one
	person   *person
	finished client.Task
	token    string // of operators
	seed     int64
}

// begin makes what requests need: somebody with a photo and a picture.
func (b *bounded) begin(t *testing.T) {
	t.Helper()
	b.person = b.site.person(t, 1)
	b.finished = b.person.finish(t, b.task(t, b.person).TaskID)
	if b.finished.State != task.Succeeded {
		t.Fatalf("the first task ended as %+v", b.finished)
	}
	raw, err := os.ReadFile(filepath.Join(b.data, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	b.token = strings.TrimSpace(string(raw))
	eventually(t, func() bool { return b.do(t, b.public(http.MethodGet, "/readyz", "")).status == http.StatusOK })
}

// task is a new one.
func (b *bounded) task(t *testing.T, p *person) client.Task {
	t.Helper()
	b.seed++
	return p.submit(t, b.seed)
}

// do asks, over a connection of its own.
func (b *bounded) do(t *testing.T, a question) (g got) {
	t.Helper()
	began := time.Now()
	defer func() { g.took = time.Since(began) }()
	req, err := http.NewRequestWithContext(t.Context(), a.method, a.url, strings.NewReader(a.body))
	if err != nil {
		return got{err: err}
	}
	for i := 0; i+1 < len(a.header); i += 2 {
		req.Header.Set(a.header[i], a.header[i+1])
	}
	resp, err := b.client.Transport.RoundTrip(req)
	if err != nil {
		return got{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	g = got{status: resp.StatusCode, header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return g
	}
	body, err := io.ReadAll(resp.Body)
	_ = json.Unmarshal(body, &g.problem)
	g.err = err
	return g
}

// public is a request to the public listener by the person, or by another
// session when its token is given.
func (b *bounded) public(method, path, body string, header ...string) question {
	a := question{method, "http://" + b.http + path, body, header}
	if body != "" && !strings.Contains(strings.Join(header, " "), "Content-Type") {
		a.header = append(a.header, "Content-Type", "application/json")
	}
	return a
}

func bearerOf(s *client.Session) []string { return []string{"Authorization", "Bearer " + s.Token()} }

// operator is a request to the operators' listener.
func (b *bounded) operator(method, path, body string) question {
	a := question{method, "http://" + b.admin + path, body, []string{"Authorization", "Bearer " + b.token}}
	if body != "" {
		a.header = append(a.header, "Content-Type", "application/json")
	}
	return a
}

// published is what a gateway says about its public routes.
func (b *bounded) published(t *testing.T) (routes []string) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	body := b.read(t, "/openapi.json")
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for m := range methods {
			if m != "parameters" {
				routes = append(routes, strings.ToUpper(m)+" "+path)
			}
		}
	}
	return routes
}

// operated are the operators' routes. They have no description, so the source
// is read.
func operated(t *testing.T) (routes []string) {
	t.Helper()
	source, err := os.ReadFile("../../gateway/admin/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	methods := regexp.MustCompile(`"(GET|POST|PUT|PATCH|DELETE)":`)
	for _, line := range regexp.MustCompile(`(?m)^\s*"(/admin/[^"]*)":\s*(\{.*\}),$`).FindAllSubmatch(source, -1) {
		for _, m := range methods.FindAllSubmatch(line[2], -1) {
			routes = append(routes, string(m[1])+" "+string(line[1]))
		}
	}
	if n := bytes.Count(source, []byte(`"/admin/`)); len(routes) < n {
		t.Fatalf("%d routes in %d lines: is the question still right?", len(routes), n)
	}
	return routes
}

// rows are those of every route there is.
func (b *bounded) rows(t *testing.T) map[string]row {
	t.Helper()
	all := b.publicRows(t)
	for name, r := range b.operatorRows() {
		all[name] = r
	}
	for _, route := range append(b.published(t), operated(t)...) {
		if _, known := all[route]; !known {
			t.Errorf("%s has no row: nobody sees that its answer is bounded", route)
		}
	}
	return all
}

// asset is the address of a script of the page.
func (b *bounded) asset(t *testing.T) string {
	t.Helper()
	page := b.read(t, "/")
	found := regexp.MustCompile(`/assets/[^"']+`).Find(page)
	if found == nil {
		t.Fatalf("the page names no script: %s", page)
	}
	return string(found)
}

// read reads what a gateway that is well shows everybody.
func (b *bounded) read(t *testing.T, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.http+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := b.client.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
