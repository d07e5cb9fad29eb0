package providertest

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/jpeg" // the formats a driver may return
	_ "image/png"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// Harness makes drivers against a double of the vendor.
type Harness interface {
	// Request is one that the vendor accepts.
	Request(t *testing.T) provider.Request
	// Working answers with a picture.
	Working(t *testing.T) provider.Driver
	// Failing has the vendor fail the way that means class. A harness skips
	// the classes that its vendor does not know.
	Failing(t *testing.T, class task.Class) provider.Driver
	// Slow never answers by itself.
	Slow(t *testing.T) provider.Driver
}

// Run proves a driver.
func Run(t *testing.T, h Harness) {
	t.Run("APictureOpensAndProgressIsTold", func(t *testing.T) { works(t, h) })
	t.Run("TheSameRequestTwiceIsNoProblem", func(t *testing.T) { repeats(t, h) })
	t.Run("FailuresAreClassified", func(t *testing.T) { fails(t, h) })
	t.Run("ACancelIsObeyed", func(t *testing.T) { cancels(t, h) })
	t.Run("ADeadlineIsATimeoutOfUnknownOutcome", func(t *testing.T) { times(t, h) })
	t.Run("AFailedPhotoCostsNothing", func(t *testing.T) { photo(t, h) })
}

func works(t *testing.T, h Harness) {
	d := h.Working(t)
	if d.Name() == "" {
		t.Error("the driver has no name")
	}
	var mu sync.Mutex
	last, vendorTask := 0, ""
	pic, err := d.Make(t.Context(), h.Request(t), func(p provider.Progress) {
		mu.Lock()
		defer mu.Unlock()
		if p.Percent < 0 || p.Percent > 99 || p.Percent != 0 && p.Percent < last {
			t.Errorf("progress %d after %d", p.Percent, last)
		}
		last = max(last, p.Percent)
		if p.VendorTask != "" {
			vendorTask = p.VendorTask
		}
	})
	if err != nil {
		t.Fatalf("make: %v", err)
	}
	if pic.VendorTask != vendorTask {
		t.Errorf("vendor task = %q, was told as %q", pic.VendorTask, vendorTask)
	}
	if _, _, err := image.Decode(bytes.NewReader(pic.Data)); err != nil {
		t.Errorf("the picture does not open: %v", err)
	}
}

func repeats(t *testing.T, h Harness) {
	d := h.Working(t)
	for range 2 {
		if _, err := d.Make(t.Context(), h.Request(t), func(provider.Progress) {}); err != nil {
			t.Errorf("make: %v", err)
		}
	}
}

func fails(t *testing.T, h Harness) {
	for class, outcomes := range map[task.Class][]task.Outcome{
		task.ClassContent:   {task.Rejected},
		task.ClassInput:     {task.Rejected, task.NotSent},
		task.ClassAuth:      {task.Rejected, task.NotSent},
		task.ClassQuota:     {task.Rejected},
		task.ClassRate:      {task.Rejected},
		task.ClassTransient: {task.FailedUnbilled, task.Unknown},
		task.ClassNetwork:   {task.Unknown, task.NotSent},
		task.ClassTimeout:   {task.Unknown},
	} {
		t.Run(string(class), func(t *testing.T) {
			_, err := h.Failing(t, class).Make(t.Context(), h.Request(t), func(provider.Progress) {})
			f := failure(t, err)
			if f.Class != class {
				t.Errorf("class = %s, want %s (%v)", f.Class, class, err)
			}
			for _, o := range outcomes {
				if f.Outcome == o {
					return
				}
			}
			t.Errorf("outcome = %s, want one of %v", f.Outcome, outcomes)
		})
	}
}

func failure(t *testing.T, err error) *provider.Failure {
	t.Helper()
	var f *provider.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error = %v (%T), want a *provider.Failure", err, err)
	}
	return f
}

// patience is far more than obeying takes, and far less than Slow does.
const patience = 20 * time.Second

func cancels(t *testing.T, h Harness) {
	d, r := h.Slow(t), h.Request(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	start := time.Now()
	_, err := d.Make(ctx, r, func(provider.Progress) {})
	if f := failure(t, err); f.Class != task.ClassCanceled {
		t.Errorf("class = %s, want canceled", f.Class)
	}
	if took := time.Since(start); took > patience {
		t.Errorf("obeyed after %v", took)
	}
}

func times(t *testing.T, h Harness) {
	if f := timed(t, h.Slow(t), h.Request(t)); f.Class != task.ClassTimeout || f.Outcome != task.Unknown {
		t.Errorf("got %s/%s, want unknown/timeout", f.Outcome, f.Class)
	}
}

// photo: drivers that send the URL instead of the bytes never ask.
func photo(t *testing.T, h Harness) {
	r, asked := h.Request(t), false
	r.Photo = func(context.Context) ([]byte, error) {
		asked = true
		return nil, provider.NotSent(task.ClassNetwork, errors.New("no photo"))
	}
	_, err := h.Working(t).Make(t.Context(), r, func(provider.Progress) {})
	if !asked {
		t.Skip("the driver does not fetch the photo")
	}
	if f := failure(t, err); f.Outcome != task.NotSent {
		t.Errorf("outcome = %s, want not_sent", f.Outcome)
	}
}
