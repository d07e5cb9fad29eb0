package httpapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

// description loads the served document once for all tests.
var description = sync.OnceValues(func() (*openapi3.T, error) { //nolint:gochecknoglobals // parsed once
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

func TestTheDescriptionIsValid(t *testing.T) {
	t.Parallel()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("version %s", doc.OpenAPI)
	}
}

func TestTheDescriptionNamesEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	described := make(map[string]bool)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for _, r := range start(t).server.routes {
		if !described[r.method+" "+r.path] {
			t.Errorf("%s %s is not described", r.method, r.path)
		}
		delete(described, r.method+" "+r.path)
	}
	for left := range described {
		t.Errorf("%s is described but not served", left)
	}
}

// A gateway that waits for its engine refuses everything but these two.
func TestEveryRouteSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			refusal := o.Responses.Status(http.StatusServiceUnavailable)
			if path == "/livez" || path == "/version" {
				if refusal != nil {
					t.Errorf("%s %s is never refused", method, path)
				}
				continue
			}
			if refusal == nil || refusal.Value.Headers["Retry-After"] == nil {
				t.Errorf("%s %s declares no 503 with Retry-After", method, path)
			}
		}
	}
}

func TestTheDescriptionNamesThePublicCodesAndNoOther(t *testing.T) {
	t.Parallel()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	var public, fields []string
	for _, code := range faulttest.Codes(t) {
		if code.Public() {
			public = append(public, string(code))
		}
	}
	for _, code := range faulttest.FieldCodes(t) {
		fields = append(fields, string(code))
	}
	for schema, want := range map[string][]string{"Code": public, "FieldCode": fields} {
		var described []string
		for _, v := range doc.Components.Schemas[schema].Value.Enum {
			described = append(described, v.(string))
		}
		slices.Sort(want)
		if !slices.Equal(described, want) {
			t.Errorf("%s: described: %v\npkg/fault/public.go: %v", schema, described, want)
		}
	}
}

// conform checks an answer against the description. The harness calls it for
// every answer of every test.
func conform(t *testing.T, s *Server, req *http.Request, got reply) {
	t.Helper()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.routes {
		r := &s.routes[i]
		if r.method != req.Method || !samePath(r.path, req.URL.Path) {
			continue
		}
		item := doc.Paths.Value(r.path)
		in := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{
				Request: httptest.NewRequest(req.Method, "/", nil),
				Route:   &routers.Route{Spec: doc, Path: r.path, PathItem: item, Method: r.method, Operation: item.GetOperation(r.method)},
			},
			Status: got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: !strings.Contains(got.header.Get("Content-Type"), "json")},
		}
		if err := openapi3filter.ValidateResponse(context.Background(), in); err != nil {
			t.Errorf("%s %s: the answer is not as described: %v\n%s", req.Method, r.path, err, got.body)
		}
		return
	}
}

func TestEventsAreAsDescribed(t *testing.T) {
	t.Parallel()
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	h := start(t)
	token := h.session()
	id := h.taskID(token)
	_, r := h.watch(h.streamPath(token, id))
	h.world.publish(id, progress(30))
	h.world.publish(id, failTask)
	schemas := map[string]string{"snapshot": "Task", "progress": "EventProgress", "failed": "EventEnded"}
	events := readEvents(t, r, 10)
	if len(events) != 3 {
		t.Fatalf("%d events", len(events))
	}
	for _, e := range events {
		if err := doc.Components.Schemas[schemas[e.name]].Value.VisitJSON(e.data, openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}
