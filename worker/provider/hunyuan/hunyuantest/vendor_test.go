package hunyuantest

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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const (
	testID     = "AKID"
	testSecret = "SKEXAMPLE"
)

// The vector was computed once with the vendor's own SDK.
func TestTheSignatureIsTencents(t *testing.T) {
	t.Parallel()
	got := signature(testSecret, "aiart.tencentcloudapi.com", []byte(`{"JobId":"1"}`), 1700000000, "2023-11-14")
	if want := "0a74b8a8a466c7c71b483ead5e361b6a7d2237d6cc8908acdaa5a39e10f0f662"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func photo(t *testing.T, w, h int) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// submit sends a signed submission, altered, and returns the answer's code and
// the violations.
func submit(t *testing.T, fields map[string]any, alter func(*http.Request)) (string, []string) {
	t.Helper()
	d := New(double.Knobs{}, testID+":"+testSecret)
	s := httptest.NewServer(d)
	defer s.Close()
	doc := map[string]any{
		"Prompt": "p", "Images": []string{photo(t, 64, 64)}, "Resolution": "1024:1024", "Seed": 1, "LogoAdd": 0, "Revise": 0,
	}
	maps.Copy(doc, fields)
	maps.DeleteFunc(doc, func(_ string, v any) bool { return v == nil })
	body, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	date := now.UTC().Format(time.DateOnly)
	for name, v := range map[string]string{
		"Content-Type": "application/json", "X-TC-Action": "SubmitTextToImageJob", "X-TC-Version": version, "X-TC-Region": "ap-guangzhou",
		"X-TC-Timestamp": strconv.FormatInt(now.Unix(), 10),
		"Authorization": "TC3-HMAC-SHA256 Credential=" + testID + "/" + date + "/aiart/tc3_request, SignedHeaders=content-type;host, Signature=" +
			signature(testSecret, r.URL.Host, body, now.Unix(), date),
	} {
		r.Header.Set(name, v)
	}
	alter(r)
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		Response struct {
			JobID string `json:"JobId"`
			Error document
		}
	}
	raw, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(raw, &a); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %s", resp.StatusCode, raw)
	}
	if (a.Response.JobID == "") == (a.Response.Error.Code == "") {
		t.Errorf("neither a job nor an error, or both: %s", raw)
	}
	return a.Response.Error.Code, d.Books().Violations
}

func TestWhatIsDocumentedIsTaken(t *testing.T) {
	t.Parallel()
	if code, bad := submit(t, nil, func(*http.Request) {}); code != "" || len(bad) != 0 {
		t.Errorf("got %s, %q", code, bad)
	}
}

func TestEveryDepartureIsAViolationInTencentsWords(t *testing.T) {
	t.Parallel()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		fields map[string]any
		alter  func(*http.Request)
		code   string
	}{
		"no action":          {alter: header("X-TC-Action", ""), code: "MissingParameter"},
		"another action":     {alter: header("X-TC-Action", "TextToImageLite"), code: "InvalidAction"},
		"another version":    {alter: header("X-TC-Version", "2023-09-01"), code: "NoSuchVersion"},
		"no region":          {alter: header("X-TC-Region", ""), code: "MissingParameter"},
		"a clock too late":   {alter: header("X-TC-Timestamp", strconv.FormatInt(time.Now().Unix()-400, 10)), code: "AuthFailure.SignatureExpire"},
		"a clock a bit off":  {alter: header("X-TC-Timestamp", strconv.FormatInt(time.Now().Unix()-20, 10)), code: "AuthFailure.SignatureFailure"},
		"a bearer key":       {alter: header("Authorization", "Bearer x"), code: "AuthFailure.InvalidAuthorization"},
		"another type":       {alter: header("Content-Type", "application/json; charset=utf-8"), code: "InvalidRequest"},
		"somebody else":      {alter: swap("AKID", "AKIX"), code: "AuthFailure.SecretIdNotFound"},
		"another service":    {alter: swap("/aiart/", "/hunyuan/"), code: "AuthFailure.SignatureFailure"},
		"another body":       {alter: func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2 }, code: "AuthFailure.SignatureFailure"},
		"the mark left on":   {fields: map[string]any{"LogoAdd": nil}, code: "InvalidParameterValue.LogoParamErr"},
		"the mark asked for": {fields: map[string]any{"LogoAdd": 1}, code: "InvalidParameterValue.LogoParamErr"},
		"revising left on":   {fields: map[string]any{"Revise": nil}, code: "InvalidParameterValue.ParameterValueError"},
		"no size":            {fields: map[string]any{"Resolution": nil}, code: "InvalidParameterValue.ParameterValueError"},
		"another spelling":   {fields: map[string]any{"Resolution": "1024x1024"}, code: "InvalidParameterValue.ParameterValueError"},
		"too large":          {fields: map[string]any{"Resolution": "1024:1032"}, code: "InvalidParameterValue.ParameterValueError"},
		"too narrow":         {fields: map[string]any{"Resolution": "500:1024"}, code: "InvalidParameterValue.ParameterValueError"},
		"no seed":            {fields: map[string]any{"Seed": nil}, code: "InvalidParameterValue.ParameterValueError"},
		"a seed of zero":     {fields: map[string]any{"Seed": 0}, code: "InvalidParameterValue.ParameterValueError"},
		"no words":           {fields: map[string]any{"Prompt": ""}, code: "InvalidParameterValue.TextLengthExceed"},
		"no picture":         {fields: map[string]any{"Images": []string{}}, code: "InvalidParameterValue.ImageEmpty"},
		"a data URI":         {fields: map[string]any{"Images": []string{"data:image/png;base64,AAAA"}}, code: "FailedOperation.ImageDecodeFailed"},
		"a tiny picture":     {fields: map[string]any{"Images": []string{photo(t, 20, 60)}}, code: "FailedOperation.ImageResolutionExceed"},
		"an unknown field":   {fields: map[string]any{"NegativePrompt": "x"}, code: "InvalidParameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.alter == nil {
				c.alter = func(*http.Request) {}
			}
			if code, bad := submit(t, c.fields, c.alter); code != c.code || len(bad) != 1 {
				t.Errorf("got %s, %q; want %s and one violation", code, bad, c.code)
			}
		})
	}
}

func swap(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}
