package mock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, harness{})
}

type harness struct{}

func (harness) Request(t *testing.T) provider.Request { return request(t, 1) }

func (harness) Working(t *testing.T) provider.Driver { return driver(t, "latency=1ms&steps=3") }

func (harness) Failing(t *testing.T, c task.Class) provider.Driver {
	return driver(t, "latency=1ms&fail=1&class="+string(c))
}

func (harness) Slow(t *testing.T) provider.Driver { return driver(t, "latency=1h") }

func driver(t testing.TB, model string) *Driver {
	t.Helper()
	k, err := ParseKnobs(model)
	if err != nil {
		t.Fatal(err)
	}
	d, err := New("mock", k)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func request(t testing.TB, seed int64) provider.Request {
	t.Helper()
	d, jpg := catalog.Builtin(), photo(t)
	return provider.Request{
		ID: "task-1", Style: d.Styles[0], Place: d.Places[0], Seed: seed, Options: task.Options{Resolution: "128"},
		Photo: func(context.Context) ([]byte, error) { return jpg, nil },
	}
}

// photo is a small JPEG of nobody.
func photo(t testing.TB) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 96, 128))
	for i := range img.Pix {
		img.Pix[i] = byte(i % 96)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAPictureTakesItsTimeAndReportsEachStep(t *testing.T) {
	t.Parallel()
	r := request(t, 1)
	synctest.Test(t, func(t *testing.T) {
		var seen []int
		start := time.Now()
		_, err := driver(t, "latency=2s&steps=5&picture=copy").Make(t.Context(), r, func(p provider.Progress) {
			if p.Percent > 0 {
				seen = append(seen, p.Percent)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v, want 2s", took)
		}
		if want := "20 40 60 80 99"; strings.Trim(strings.Join(strings.Fields(fmt.Sprint(seen)), " "), "[]") != want {
			t.Errorf("progress = %v, want %s", seen, want)
		}
	})
}

func TestACancelStopsAtOnceAndADeadlineIsATimeout(t *testing.T) {
	t.Parallel()
	r := request(t, 1)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := driver(t, "latency=1h").Make(ctx, r, func(provider.Progress) {})
		var f *provider.Failure
		if !errors.As(err, &f) || f.Class != task.ClassTimeout || f.Outcome != task.Unknown {
			t.Errorf("deadline: %v, want unknown/timeout", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err = driver(t, "latency=1h").Make(ctx, r, func(provider.Progress) {})
		if !errors.As(err, &f) || f.Class != task.ClassCanceled || time.Since(start) != time.Second {
			t.Errorf("cancel: %v after %v, want canceled at once", err, time.Since(start))
		}
	})
}

func TestTheFailKnobFailsItsShare(t *testing.T) {
	t.Parallel()
	d := driver(t, "latency=0s&fail=0.3&seed=9&class=rate&picture=copy")
	failures := 0
	for i := range 500 {
		_, err := d.Make(t.Context(), provider.Request{ID: fmt.Sprint(i)}, func(provider.Progress) {})
		var f *provider.Failure
		if errors.As(err, &f) {
			failures++
			if f.Class != task.ClassRate || f.Outcome != task.Rejected || f.RetryAfter == 0 {
				t.Fatalf("failure = %v, want rejected/rate with a time to return", f)
			}
		}
	}
	if failures < 110 || failures > 190 {
		t.Errorf("%d of 500 failed, want about 150", failures)
	}
}

func TestCopyReturnsTheSameBytesWithoutThePhoto(t *testing.T) {
	t.Parallel()
	d := driver(t, "latency=0s&picture=copy")
	r := provider.Request{ID: "x", Photo: func(context.Context) ([]byte, error) {
		t.Error("the photo was fetched")
		return nil, nil
	}}
	a, errA := d.Make(t.Context(), r, func(provider.Progress) {})
	b, errB := d.Make(t.Context(), r, func(provider.Progress) {})
	if errA != nil || errB != nil || !bytes.Equal(a.Data, b.Data) || a.Stable == "" {
		t.Errorf("errors %v %v, stable %q", errA, errB, a.Stable)
	}
	if _, err := jpeg.Decode(bytes.NewReader(a.Data)); err != nil {
		t.Errorf("the fixed picture does not open: %v", err)
	}
}

func TestKnobsAreChecked(t *testing.T) {
	t.Parallel()
	for _, model := range []string{
		"latency=x", "latency=-1s", "latency=9h", "fail=2", "fail=NaN", "class=", "class=none", "steps=0", "steps=101",
		"picture=x", "seed=x", "colour=red", "a=%zz",
	} {
		if _, err := ParseKnobs(model); err == nil {
			t.Errorf("%q was accepted", model)
		}
	}
	for _, model := range []string{"", "mock", "anything"} {
		if k, err := ParseKnobs(model); err != nil || k != Defaults() {
			t.Errorf("%q: %+v, %v; want the defaults", model, k, err)
		}
	}
	k, err := ParseKnobs("latency=800ms&jitter=200ms&fail=0.1&class=transient&steps=5&seed=1&picture=copy&sync=true&journal=/tmp/calls")
	want := Knobs{
		Latency: 800 * time.Millisecond, Jitter: 200 * time.Millisecond, Fail: 0.1, Class: task.ClassTransient, Steps: 5, Seed: 1,
		Copy: true, Sync: true, Journal: "/tmp/calls",
	}
	if err != nil || k != want {
		t.Errorf("knobs = %+v, %v; want %+v", k, err, want)
	}
}

func TestOnlyCallsThatWouldBeBilledAreInTheJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "calls")
	d := driver(t, "latency=1ms&picture=copy&sync=true&journal="+path)
	fresh := request(t, 1)
	resumed := fresh
	resumed.VendorTask = "mock-task-1"
	for _, r := range []provider.Request{fresh, resumed} {
		pic, err := d.Make(t.Context(), r, func(p provider.Progress) {
			if p.VendorTask != "" {
				t.Errorf("a synchronous vendor named its work %q", p.VendorTask)
			}
		})
		if err != nil || pic.VendorTask != "" {
			t.Errorf("picture of %q, %v", pic.VendorTask, err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || strings.Count(string(got), "\n") != 1 || !strings.Contains(string(got), `"id":"task-1"`) {
		t.Errorf("journal = %q, %v, want the fresh call alone", got, err)
	}
}

func FuzzParseKnobs(f *testing.F) {
	f.Add("latency=800ms&fail=0.1")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseKnobs(s)
		if err == nil && (k.Latency < 0 || k.Fail < 0 || k.Fail > 1 || k.Steps < 1) {
			t.Errorf("%q gave %+v", s, k)
		}
	})
}
