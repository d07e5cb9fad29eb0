package providertest

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Double is what the suite needs of a double of a vendor.
type Double interface {
	http.Handler
	Set(k double.Knobs)
	Books() double.Books
}

// Vendor is a harness for a driver whose vendor has a double.
type Vendor struct {
	Kind   string // of the provider
	Base   string // path where the base URL ends, as "/api/v3"
	Model  string
	Key    string // "" for one of the suite's
	Jobs   bool   // the vendor works asynchronously
	Takes  bool   // and takes jobs back that wait
	Double func(k double.Knobs, key string) Double
	Sign   func(r *http.Request, body []byte) // renews the signature of a changed body; nil where bodies are not signed
	// Unsaid are fields of the driver's submission, by their paths, that the
	// vendor neither needs nor decides at our cost when they are missing.
	Unsaid []string
	New    func(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error)

	asked *provider.Request // what Request gives, once it was made
}

// resultSecret is a part of every result URL of a double.
const resultSecret = "result-url-secret"

func (v Vendor) key() string {
	if v.Key != "" {
		return v.Key
	}
	return "sk-suite-0123456789"
}

// stand is one double with a driver in front of it. It fails the test when the
// double saw a call that the vendor would not have taken.
type stand struct {
	provider.Driver
	double Double
	called <-chan struct{} // closed at the first call
}

func (v Vendor) stand(t *testing.T, k double.Knobs) stand {
	t.Helper()
	k.Side = 32 // nobody looks at the picture
	d := v.Double(k, v.key())
	called := make(chan struct{})
	first := sync.OnceFunc(func() { close(called) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first()
		d.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		if b := d.Books(); len(b.Violations) > 0 {
			t.Errorf("the vendor would not have taken:\n%s", strings.Join(b.Violations, "\n"))
		}
	})
	return stand{v.driver(t, s.URL), d, called}
}

func (v Vendor) driver(t *testing.T, server string) provider.Driver {
	t.Helper()
	return closed{t, v.provider(t, server), v.key()}
}

func (v Vendor) provider(t *testing.T, server string) *provider.Provider {
	t.Helper()
	return v.configured(t, provider.Config{BaseURL: server + v.Base}, secret.Value{})
}

func (v Vendor) configured(t *testing.T, c provider.Config, proxy secret.Value) *provider.Provider {
	t.Helper()
	c.Name, c.Kind, c.Model = "vendor", v.Kind, v.Model
	d, err := v.New(c, v.key(), vendorhttp.Egress{Loopback: true, Proxy: proxy})
	if err != nil {
		t.Fatal(err)
	}
	return provider.New(c, d, provider.NewMetrics(nil), v.key())
}

// closed looks for secrets in every error that passes.
type closed struct {
	t *testing.T
	provider.Driver
	key string
}

func (c closed) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	pic, err := c.Driver.Make(ctx, r, report)
	if err != nil {
		f := provider.AsFailure(err)
		text := strings.Join([]string{err.Error(), f.Code, f.RequestID, f.VendorTask}, " ")
		for _, word := range append(strings.Split(c.key, ":"), resultSecret) {
			if strings.Contains(text, word) {
				c.t.Errorf("an error holds a secret: %s", text)
			}
		}
	}
	return pic, err
}

// Request implements Harness. It is what a worker asks this model for.
func (v Vendor) Request(t *testing.T) provider.Request {
	t.Helper()
	if v.asked != nil {
		return *v.asked
	}
	photo := photograph(t)
	c := catalog.Builtin()
	ask, err := prompt.New().Build(v.provider(t, "http://127.0.0.1:1").Profile(), prompt.Input{
		Style: c.Styles[0], Place: c.Places[0], Options: task.Options{Note: "with a red hat"}, Seed: 7, PhotoWidth: 480, PhotoHeight: 640,
	})
	if err != nil {
		t.Fatal(err)
	}
	return provider.Request{
		ID: "task-1", Text: ask.Text, Negative: ask.Negative, Size: ask.Size, Width: ask.Width, Height: ask.Height,
		Steps: ask.Steps, CFG: ask.CFG, Strength: ask.Strength, Seed: ask.Seed,
		PhotoURL: "http://127.0.0.1:1/photo?signature=" + resultSecret,
		Photo:    func(context.Context) ([]byte, error) { return photo, nil },
	}
}

// photograph is what a worker's first stage makes of a phone's photo.
func photograph(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 480, 640))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Working implements Harness.
func (v Vendor) Working(t *testing.T) provider.Driver {
	t.Helper()
	return v.stand(t, double.Knobs{}).Driver
}

// Behaving is a driver in front of a double that behaves as told.
func (v Vendor) Behaving(t *testing.T, k double.Knobs) provider.Driver {
	t.Helper()
	return v.stand(t, k).Driver
}

// Failing implements Harness.
func (v Vendor) Failing(t *testing.T, class task.Class) provider.Driver {
	t.Helper()
	fault := double.Fault(class)
	if class == task.ClassNetwork {
		fault = double.Reset
	}
	return v.stand(t, double.Always(double.Submit, fault)).Driver
}

// Slow implements Harness.
func (v Vendor) Slow(t *testing.T) provider.Driver {
	t.Helper()
	return v.stand(t, double.Always(double.Submit, double.Hang)).Driver
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return "http://" + l.Addr().String()
}

func quiet(provider.Progress) {}

// timed makes with a deadline that passes after the call was sent: a busy
// machine is given more time for that.
func timed(t *testing.T, d provider.Driver, r provider.Request) *provider.Failure {
	t.Helper()
	for limit := 50 * time.Millisecond; ; limit *= 3 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err := d.Make(ctx, r, quiet)
		cancel()
		if f := failure(t, err); f.Outcome != task.NotSent || limit > patience {
			return f
		}
	}
}
