package seedream

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func report(provider.Progress) {}

func driver(t testing.TB) *Driver {
	t.Helper()
	d, err := New(provider.Config{Name: "seedream"}, "sk-key", vendorhttp.Egress{})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*Driver)
}

func TestAnswersWithoutAPictureAreClassified(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]task.Class{
		`{}`: task.ClassTransient, `{"data":[]}`: task.ClassTransient, `{"data":[{}]}`: task.ClassTransient, `null`: task.ClassTransient,
		`{"data":[{"error":{"code":"OutputImageSensitiveContentDetected","message":"m"}}]}`: task.ClassContent,
		`{"error":{"code":"OutputImageSensitiveContentDetected","message":"m"}}`:            task.ClassContent,
		`{"data":[{"url":"https://evil.example/x"}]}`:                                       task.ClassTransient,
	} {
		_, err := driver(t).picture(t.Context(), vendorhttp.Answer{Status: 200, Body: []byte(body)})
		if f := provider.AsFailure(err); f.Class != want {
			t.Errorf("%s: %v, want %s", body, f, want)
		}
	}
}

// No answer of a vendor makes the driver panic, or reach a host that nobody
// allowed: that none is reached at all is what keeps this test off the network.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"data":[{"url":"https://evil.example/x"}]}`)
	f.Add(400, `{"error":{"code":"InvalidParameter"}}`)
	d := driver(f)
	d.http, _ = vendorhttp.New(vendorhttp.Config{Base: "https://vendor.invalid"})
	f.Fuzz(func(t *testing.T, status int, body string) {
		if _, err := d.picture(t.Context(), vendorhttp.Answer{Status: status, Body: []byte(body)}); err == nil || provider.AsFailure(err).Outcome == task.OK {
			t.Errorf("%d %q gave a picture", status, body)
		}
	})
}
