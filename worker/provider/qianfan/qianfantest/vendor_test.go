package qianfantest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

func photo(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// ask sends an edit, altered, and returns status, code and violations.
func ask(t *testing.T, fields map[string]any, alter func(*http.Request)) (int, string, []string) {
	t.Helper()
	d := New(double.Knobs{}, "k")
	s := httptest.NewServer(d)
	defer s.Close()
	doc := map[string]any{"model": "qwen-image-edit", "image": photo(t, 200, 200), "prompt": "p", "size": "512x2048", "seed": 0}
	maps.Copy(doc, fields)
	maps.DeleteFunc(doc, func(_ string, v any) bool { return v == nil })
	body, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v2/images/edits", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer k")
	alter(r)
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		Error struct{ Code string }
	}
	raw, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("status %d, %s", resp.StatusCode, raw)
	}
	return resp.StatusCode, a.Error.Code, d.Books().Violations
}

func TestWhatIsDocumentedIsTaken(t *testing.T) {
	t.Parallel()
	if status, code, bad := ask(t, nil, func(*http.Request) {}); status != http.StatusOK || code != "" || len(bad) != 0 {
		t.Errorf("got %d %s, %q", status, code, bad)
	}
}

func TestEveryDepartureIsAViolationInQianfansWords(t *testing.T) {
	t.Parallel()
	nothing := func(*http.Request) {}
	for name, c := range map[string]struct {
		fields map[string]any
		alter  func(*http.Request)
		status int
		code   string
	}{
		"another method":   {nil, func(r *http.Request) { r.Method = http.MethodPut }, 405, "method_not_supported"},
		"another key":      {nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "invalid_iam_token"},
		"a form":           {nil, func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data") }, 400, "malformed_json"},
		"another model":    {map[string]any{"model": "qwen-image"}, nothing, 400, "invalid_model"},
		"no words":         {map[string]any{"prompt": ""}, nothing, 400, "invalid_argument"},
		"too many words":   {map[string]any{"prompt": strings.Repeat("画", 801)}, nothing, 400, "characters_too_long"},
		"no size":          {map[string]any{"size": nil}, nothing, 400, "invalid_argument"},
		"another spelling": {map[string]any{"size": "1024*1024"}, nothing, 400, "invalid_argument"},
		"too narrow":       {map[string]any{"size": "504x1024"}, nothing, 400, "invalid_argument"},
		"no seed":          {map[string]any{"seed": nil}, nothing, 400, "invalid_argument"},
		"bare base64":      {map[string]any{"image": "AAAA"}, nothing, 400, "invalid_image_url"},
		"a long picture":   {map[string]any{"image": photo(t, 900, 200)}, nothing, 400, "invalid_image_url"},
		"an unsure field":  {map[string]any{"n": 1}, nothing, 400, "malformed_json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if status, code, bad := ask(t, c.fields, c.alter); status != c.status || code != c.code || len(bad) != 1 {
				t.Errorf("got %d %s, %q; want %d %s and one violation", status, code, bad, c.status, c.code)
			}
		})
	}
}
