package providertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// Submission is a driver's own call, to be spoiled.
type Submission struct {
	Header http.Header
	Doc    map[string]any // the body; Field and Drop reach into it
}

// Field sets a field of the document, by its path.
func (s *Submission) Field(v any, path ...string) {
	s.parent(path)[path[len(path)-1]] = v
}

// Drop leaves a field to the vendor's default.
func (s *Submission) Drop(path ...string) { delete(s.parent(path), path[len(path)-1]) }

func (s *Submission) parent(path []string) map[string]any {
	m := s.Doc
	for _, p := range path[:len(path)-1] {
		m = m[p].(map[string]any)
	}
	return m
}

// RunStrict proves that a double notices: each change makes of the driver's
// own call one that the vendor would refuse, or charge for in silence.
func RunStrict(t *testing.T, v Vendor, changes map[string]func(*Submission)) {
	method, path, header, body := record(t, v)
	changes["a wrong key"] = func(s *Submission) { s.Header.Set("Authorization", "Bearer another") }
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			sub := Submission{Header: header.Clone()}
			if err := json.Unmarshal(body, &sub.Doc); err != nil {
				t.Fatal(err)
			}
			change(&sub)
			doc, err := json.Marshal(sub.Doc)
			if err != nil {
				t.Fatal(err)
			}
			d := v.Double(double.Knobs{}, v.key())
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(doc))
			r.Header = sub.Header
			d.ServeHTTP(w, r)
			if b := d.Books(); w.Code < http.StatusBadRequest || len(b.Violations) == 0 || b.Submissions != 0 {
				t.Errorf("the double answered %d, its books say %+v", w.Code, b)
			}
		})
	}
}

// record catches a driver's first call.
func record(t *testing.T, v Vendor) (method, path string, header http.Header, body []byte) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, path, header = r.Method, r.URL.RequestURI(), r.Header.Clone()
		header.Set("Host", r.Host) // where it is not lost
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer s.Close()
	if _, err := v.driver(t, s.URL).Make(t.Context(), v.Request(t), quiet); err == nil {
		t.Fatal("a refusal was taken for a picture")
	}
	return method, path, header, body
}
