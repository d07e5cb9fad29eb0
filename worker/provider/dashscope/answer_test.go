package dashscope

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func TestEveryPlaceOfAResultIsRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"output":{"results":[{"url":"u"}]}}`:                                          "u",
		`{"output":{"choices":[{"message":{"content":[{"text":"t"},{"image":"u"}]}}]}}`: "u",
		`{"output":{"results":[{"code":"DataInspectionFailed","message":"m"}]}}`:        "",
		`{"output":{}}`: "", `{}`: "", `null`: "", `{"output":{"choices":[{"message":{"content":[]}}]}}`: "",
	} {
		a := vendorhttp.Answer{Status: 200, Body: []byte(body)}
		doc, err := read(a)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := doc.result(a); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
}

// A vendor may say an error with status 200.
func TestAnErrorIsSeenWhateverTheStatus(t *testing.T) {
	t.Parallel()
	_, err := read(vendorhttp.Answer{Status: 200, Body: []byte(`{"request_id":"r","code":"DataInspectionFailed","message":"m"}`)})
	if f := provider.AsFailure(err); f.Class != task.ClassContent || f.Outcome != task.Rejected || f.RequestID != "r" {
		t.Errorf("got %v", f)
	}
}

func TestAJobsNameIsNoPath(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"0385dc79-5ff8-4d82-bcb6-xxxxxx": true, "": false, "../users": false, "a/b": false, "a?b": false, "a b": false, "名": false,
	} {
		if valid(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"output":{"results":[{"url":"u"}]}}`)
	f.Add(400, `{"code":"InvalidParameter"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		a := vendorhttp.Answer{Status: status, Body: []byte(body)}
		doc, err := read(a)
		if err == nil {
			_, err = doc.result(a)
		}
		if err != nil && provider.AsFailure(err).Outcome == task.OK {
			t.Errorf("%d %q: %v", status, body, err)
		}
	})
}
