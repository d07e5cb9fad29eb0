package hunyuan

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/hunyuan/hunyuantest"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

const testKey = "AKID0123456789:secret0123456789"

func newDouble(k double.Knobs, key string) providertest.Double { return hunyuantest.New(k, key) }

func TestConformanceOfJobs(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, providertest.Vendor{Kind: "hunyuan", Key: testKey, Jobs: true, Double: newDouble, New: newHasty, Sign: sign})
}

func TestConformanceOfTokenHub(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, providertest.Vendor{Kind: "hunyuan", Model: "hy-image-v3", Double: newDouble, New: New})
}

// sign renews the signature of a body that was changed.
func sign(r *http.Request, body []byte) {
	c, err := parseKey(testKey)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	r.Header.Set("X-Tc-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Authorization", c.sign(r.Host, body, now))
}

// newHasty makes a driver that does not let a test wait.
func newHasty(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	d, err := New(c, key, e)
	if j, ok := d.(*jobDriver); ok {
		j.pause = 5 * time.Millisecond
	}
	return d, err
}

func TestTheConfigurationIsJudgedWithoutAKey(t *testing.T) {
	t.Parallel()
	for _, c := range []provider.Config{
		{}, {Model: "hunyuan-image-3.0"}, {Model: "hy-image-v3"}, {BaseURL: "https://aiart.tencentcloudapi.com/"},
	} {
		if _, err := New(c, "", vendorhttp.Egress{}); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for want, c := range map[string]provider.Config{
		"model: \"hy": {Model: "hy-image-v3.5-preview"}, "model: \"Im": {Model: "ImageToImage"}, "baseUrl: ": {BaseURL: "https://aiart.tencentcloudapi.com/v1"},
	} {
		if _, err := New(c, "", vendorhttp.Egress{}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want it to name %s", c, err, want)
		}
	}
	if _, err := New(provider.Config{}, "no-colon", vendorhttp.Egress{}); err == nil || strings.Contains(err.Error(), "no-colon") {
		t.Errorf("a key without its half: %v, want a refusal that does not show it", err)
	}
}

func TestAJobThatTencentForgotIsUnknown(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(hunyuantest.New(double.Knobs{}, testKey))
	t.Cleanup(s.Close)
	d, err := newHasty(provider.Config{BaseURL: s.URL}, testKey, vendorhttp.Egress{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Make(t.Context(), provider.Request{VendorTask: "gone"}, func(provider.Progress) {})
	f := provider.AsFailure(err)
	if f.Outcome != task.Unknown || f.Class != task.ClassInput || f.Code != "FailedOperation.JobNotExist" || f.VendorTask != "gone" || f.RequestID == "" {
		t.Errorf("got %+v", f)
	}
}

// scripted answers queries with one document.
func scripted(t *testing.T, answer string) provider.Driver {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	t.Cleanup(s.Close)
	d, err := newHasty(provider.Config{BaseURL: s.URL}, testKey, vendorhttp.Egress{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhatAQueryMaySayOfAJob(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  string
		outcome task.Outcome
		class   task.Class
	}{
		"content is refused by the query": {`{"Error":{"Code":"OperationDenied.ImageIllegalDetected"}}`, task.Rejected, task.ClassContent},
		"the key was withdrawn meanwhile": {`{"Error":{"Code":"AuthFailure.SecretIdNotFound"}}`, task.Unknown, task.ClassAuth},
		"a job timed out at the vendor":   {`{"JobStatusCode":"4","JobErrorCode":"FailedOperation.EngineRequestTimeout"}`, task.FailedUnbilled, task.ClassTimeout},
		"a job failed without a word":     {`{"JobStatusCode":"4"}`, task.FailedUnbilled, task.ClassTransient},
		"a job is done without a picture": {`{"JobStatusCode":"5","ResultImage":[],"ResultDetails":["Failed"]}`, task.Unknown, task.ClassTransient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scripted(t, `{"Response":`+c.answer+`}`).Make(t.Context(), provider.Request{VendorTask: "7"}, func(provider.Progress) {})
			if f := provider.AsFailure(err); f.Outcome != c.outcome || f.Class != c.class || f.VendorTask != "7" {
				t.Errorf("got %v of %q, want %s/%s", f, f.VendorTask, c.outcome, c.class)
			}
		})
	}
}

func TestAPhotoBeyondTencentsLimitIsNotSent(t *testing.T) {
	t.Parallel()
	r := provider.Request{Photo: func(context.Context) ([]byte, error) { return make([]byte, 5<<20), nil }}
	_, err := scripted(t, "").Make(t.Context(), r, func(provider.Progress) {})
	if f := provider.AsFailure(err); f.Outcome != task.NotSent || f.Class != task.ClassInput || f.Code != "photo_too_large" {
		t.Errorf("got %v", f)
	}
}
