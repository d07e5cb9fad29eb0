package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// drop makes, and ends the call for a cause as soon as its job has a name.
func drop(t *testing.T, s stand, r provider.Request, cause error) *provider.Failure {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	_, err := s.Make(ctx, r, func(p provider.Progress) {
		if p.VendorTask != "" {
			cancel(cause)
		}
	})
	return failure(t, err)
}

// interrupt makes, and cancels when the vendor has the call.
func interrupt(t *testing.T, s stand, r provider.Request) *provider.Failure {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		select {
		case <-s.called:
			cancel(provider.ErrCanceled)
		case <-ctx.Done():
		}
	}()
	_, err := s.Make(ctx, r, quiet)
	return failure(t, err)
}

func takenBack(t *testing.T, v Vendor) {
	waits := double.Knobs{Queue: time.Hour}
	for name, c := range map[string]struct {
		lose  func(t *testing.T, s stand) *provider.Failure
		class task.Class
	}{
		"a cancel": {func(t *testing.T, s stand) *provider.Failure { return drop(t, s, v.Request(t), provider.ErrCanceled) }, task.ClassCanceled},
		"a cancel of what another began": {func(t *testing.T, s stand) *provider.Failure {
			r := v.Request(t)
			r.VendorTask = lose(t, s, r)
			return drop(t, s, r, provider.ErrCanceled)
		}, task.ClassCanceled},
		"a cancel before its name is known": {func(t *testing.T, s stand) *provider.Failure {
			slow := double.Always(double.Submit, double.SlowHeaders)
			slow.Queue, slow.Slow = waits.Queue, 100*time.Millisecond
			s.double.Set(slow)
			return interrupt(t, s, v.Request(t))
		}, task.ClassCanceled},
		"its time is up": {func(t *testing.T, s stand) *provider.Failure {
			r := v.Request(t)
			r.VendorTask = lose(t, s, r)
			return timed(t, s, r)
		}, task.ClassTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			s := v.stand(t, waits)
			f := c.lose(t, s)
			if f.Outcome != task.FailedUnbilled || f.Class != c.class || f.VendorTask == "" || f.Code == "" {
				t.Errorf("got %v (job %q), want failed_unbilled/%s, the job and a code", f, f.VendorTask, c.class)
			}
			if b := s.double.Books(); b.Submissions != 1 || b.Canceled != 1 || b.Billed != 0 {
				t.Errorf("the vendor's books say %+v", b)
			}
		})
	}
}

// notTaken: what the vendor began, or may have begun, is booked as billed.
func notTaken(t *testing.T, v Vendor) {
	fails := func(f double.Fault) double.Knobs {
		k := double.Always(double.Cancel, f)
		k.Queue = time.Hour
		return k
	}
	for name, c := range map[string]struct {
		knobs double.Knobs
		cause error
	}{
		"it is begun":           {double.Knobs{Median: time.Hour}, provider.ErrCanceled},
		"the vendor says no":    {fails(double.Fault(task.ClassRate)), provider.ErrCanceled},
		"the answer is lost":    {fails(double.Reset), provider.ErrCanceled},
		"the answer is no JSON": {fails(double.Malformed), provider.ErrCanceled},
		"the worker stops":      {double.Knobs{Queue: time.Hour}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			s := v.stand(t, c.knobs)
			f := drop(t, s, v.Request(t), c.cause)
			if f.Outcome != task.Unknown || f.Class != task.ClassCanceled || f.VendorTask == "" {
				t.Errorf("got %v (job %q), want unknown/canceled and the job", f, f.VendorTask)
			}
			if b := s.double.Books(); b.Submissions != 1 || name == "the worker stops" && b.Canceled != 0 {
				t.Errorf("the vendor's books say %+v", b)
			}
		})
	}
}

// billed: a vendor that takes nothing back does its work, and is not asked.
func billed(t *testing.T, v Vendor) {
	s := v.stand(t, double.Knobs{Median: time.Hour})
	if f := interrupt(t, s, v.Request(t)); f.Outcome != task.Unknown || f.Class != task.ClassCanceled {
		t.Errorf("got %v, want unknown/canceled", f)
	}
	if b := s.double.Books(); b.Canceled != 0 {
		t.Errorf("the vendor's books say %+v", b)
	}
}
