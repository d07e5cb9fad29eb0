package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// RunSaid leaves one field after the other out of the driver's own submission.
// The double takes it only without what the harness calls unsaid.
func RunSaid(t *testing.T, v Vendor) {
	t.Helper()
	method, path, header, body := record(t, v)
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var without map[string][]byte
	if media == "multipart/form-data" {
		without = withoutParts(t, body, params["boundary"])
	} else {
		without = withoutFields(t, body)
	}
	if len(without) < 3 {
		t.Fatalf("only %d fields", len(without))
	}
	for name, left := range without {
		d := v.Double(double.Knobs{}, v.key())
		r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(left))
		r.Header = header.Clone()
		r.Host = header.Get("Host")
		if v.Sign != nil {
			v.Sign(r, left)
		}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		taken := len(d.Books().Violations) == 0 && w.Code == http.StatusOK
		switch unsaid := slices.Contains(v.Unsaid, name); {
		case unsaid && !taken:
			t.Errorf("%s may be left out, but the double says %v", name, d.Books().Violations)
		case !unsaid && taken:
			t.Errorf("without %s the double takes the call all the same", name)
		}
	}
}

// withoutFields is a document without each of its leaves in turn.
func withoutFields(t *testing.T, body []byte) map[string][]byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	var walk func(at map[string]any, path []string)
	walk = func(at map[string]any, path []string) {
		for _, name := range slices.Sorted(maps.Keys(at)) {
			path, v := append(slices.Clone(path), name), at[name]
			if inner, ok := v.(map[string]any); ok {
				walk(inner, path)
				continue
			}
			delete(at, name)
			left, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			at[name], out[strings.Join(path, ".")] = v, left
		}
	}
	walk(doc, nil)
	return out
}

// withoutParts is a form without each of its parts in turn.
func withoutParts(t *testing.T, body []byte, boundary string) map[string][]byte {
	t.Helper()
	type part struct {
		*multipart.Part
		data []byte
	}
	var parts []part
	for in := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		p, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{p, data})
	}
	out := map[string][]byte{}
	for i, left := range parts {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		if err := form.SetBoundary(boundary); err != nil {
			t.Fatal(err)
		}
		for j, p := range parts {
			if i == j {
				continue
			}
			w, err := form.CreatePart(p.Header)
			if err == nil {
				_, err = w.Write(p.data)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := form.Close(); err != nil {
			t.Fatal(err)
		}
		out[left.FormName()] = b.Bytes()
	}
	return out
}
