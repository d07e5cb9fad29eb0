package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// RunVendor proves a driver against the double of its vendor: Run, and what
// can go wrong between the two.
func RunVendor(t *testing.T, v Vendor) {
	r := v.Request(t) // a photo and a prompt take longer than all else here
	v.asked = &r
	Run(t, v)
	t.Run("AllThatPeopleMayChooseIsTaken", func(t *testing.T) { choices(t, v) })
	t.Run("NoFieldIsLeftToTheVendor", func(t *testing.T) { RunSaid(t, v) })
	t.Run("AllGoesThroughTheProxy", func(t *testing.T) { proxied(t, v) })
	t.Run("OnePictureIsSubmittedAndBilledOnce", func(t *testing.T) { once(t, v) })
	t.Run("BrokenAnswersAreUnknownAndNotRepeated", func(t *testing.T) { broken(t, v) })
	t.Run("SlowAnswersAreWaitedForUntilTheDeadline", func(t *testing.T) { slow(t, v) })
	t.Run("AClosedPortCostsNothing", func(t *testing.T) { refused(t, v) })
	t.Run("ALostResultIsUnknown", func(t *testing.T) { results(t, v) })
	t.Run("AVendorsWishToWaitIsPassedOn", func(t *testing.T) { waits(t, v) })
	t.Run("AJobIsResumedAndNotSubmitted", func(t *testing.T) { resumes(t, v) })
	if v.Jobs {
		t.Run("AJobThatFailsSaysWhy", func(t *testing.T) { jobs(t, v) })
		t.Run("BrokenPollsAreRepeated", func(t *testing.T) { polls(t, v) })
		t.Run("ACanceledJobIsKnownByItsName", func(t *testing.T) { named(t, v) })
	}
	if v.Takes {
		t.Run("AJobThatWaitsIsTakenBackForNothing", func(t *testing.T) { takenBack(t, v) })
		t.Run("AJobThatIsNotTakenBackMayBeBilled", func(t *testing.T) { notTaken(t, v) })
	} else {
		t.Run("ACanceledCallMayBeBilled", func(t *testing.T) { billed(t, v) })
	}
}

func once(t *testing.T, v Vendor) {
	s := v.stand(t, double.Knobs{Median: 20 * time.Millisecond})
	pic, err := s.Make(t.Context(), v.Request(t), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if pic.RequestID == "" {
		t.Error("the picture has no request id for support")
	}
	if b := s.double.Books(); b.Submissions != 1 || b.Billed != 1 || b.Refused != 0 {
		t.Errorf("the vendor's books say %+v", b)
	}
}

func broken(t *testing.T, v Vendor) {
	for _, fault := range []double.Fault{double.Malformed, double.Truncated, double.Oversized, double.Reset} {
		t.Run(string(fault), func(t *testing.T) {
			s := v.stand(t, double.Always(double.Submit, fault))
			_, err := s.Make(t.Context(), v.Request(t), quiet)
			if f := failure(t, err); f.Outcome != task.Unknown || f.Class != task.ClassTransient && f.Class != task.ClassNetwork {
				t.Errorf("got %v, want unknown", f)
			}
			if b := s.double.Books(); b.Submissions != 1 {
				t.Errorf("the vendor counts %d submissions", b.Submissions)
			}
		})
	}
}

func slow(t *testing.T, v Vendor) {
	for _, fault := range []double.Fault{double.SlowHeaders, double.SlowBody} {
		t.Run(string(fault), func(t *testing.T) {
			k := double.Always(double.Submit, fault)
			k.Slow = 50 * time.Millisecond
			s := v.stand(t, k)
			if _, err := s.Make(t.Context(), v.Request(t), quiet); err != nil {
				t.Errorf("slow, but in time: %v", err)
			}
			k.Slow = time.Hour
			s.double.Set(k)
			if f := timed(t, s, v.Request(t)); f.Outcome != task.Unknown || f.Class != task.ClassTimeout {
				t.Errorf("got %v, want unknown/timeout", f)
			}
		})
	}
}

func refused(t *testing.T, v Vendor) {
	_, err := v.driver(t, closedPort(t)).Make(t.Context(), v.Request(t), quiet)
	if f := failure(t, err); f.Outcome != task.NotSent || f.Class != task.ClassNetwork {
		t.Errorf("got %v, want not_sent/network", f)
	}
}

func results(t *testing.T, v Vendor) {
	for _, fault := range []double.Fault{double.Expired, double.NoPicture} {
		t.Run(string(fault), func(t *testing.T) {
			s := v.stand(t, double.Knobs{Chances: []double.Chance{
				{Stage: double.Submit, Fault: fault, Share: 1}, {Stage: double.Poll, Fault: fault, Share: 1},
			}})
			_, err := s.Make(t.Context(), v.Request(t), quiet)
			if err == nil && fault == double.Expired && s.double.Books().Downloads == 0 {
				t.Skip("the picture comes within the answer")
			}
			if f := failure(t, err); f.Outcome != task.Unknown || f.Code == "" {
				t.Errorf("got %v, want unknown and a code", f)
			}
			if b := s.double.Books(); b.Submissions != 1 {
				t.Errorf("the vendor counts %d submissions", b.Submissions)
			}
		})
	}
}

func waits(t *testing.T, v Vendor) {
	_, err := v.stand(t, double.Always(double.Submit, double.Fault(task.ClassRate))).Make(t.Context(), v.Request(t), quiet)
	if f := failure(t, err); f.RetryAfter != 2*time.Second {
		t.Errorf("retry after %v, want the vendor's 2s", f.RetryAfter)
	}
}

// resumes: a vendor without jobs has nothing to come back to, and is not
// asked for another picture.
func resumes(t *testing.T, v Vendor) {
	s := v.stand(t, double.Knobs{Median: 200 * time.Millisecond})
	r := v.Request(t)
	if !v.Jobs {
		r.VendorTask = "whatever"
		_, err := s.Make(t.Context(), r, quiet)
		if f := failure(t, err); f.Outcome != task.Unknown || s.double.Books().Submissions != 0 {
			t.Errorf("got %v after %d submissions, want unknown after none", f, s.double.Books().Submissions)
		}
		return
	}
	r.VendorTask = lose(t, s, r)
	r.Photo = func(context.Context) ([]byte, error) {
		t.Error("a resumed job needs no photo")
		return nil, nil
	}
	pic, err := s.Make(t.Context(), r, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if b := s.double.Books(); b.Submissions != 1 || b.Billed != 1 || pic.VendorTask != r.VendorTask {
		t.Errorf("the vendor's books say %+v, the picture is of %q", b, pic.VendorTask)
	}
}

// lose submits a job and goes away, as a worker that is killed.
func lose(t *testing.T, s stand, r provider.Request) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name := ""
	_, err := s.Make(ctx, r, func(p provider.Progress) {
		if p.VendorTask != "" {
			name = p.VendorTask
			cancel()
		}
	})
	if f := failure(t, err); f.VendorTask != name || name == "" {
		t.Fatalf("the job %q was told as %q: %v", f.VendorTask, name, err)
	}
	return name
}

func jobs(t *testing.T, v Vendor) {
	for class, outcome := range map[task.Class]task.Outcome{
		task.ClassContent: task.Rejected, task.ClassInput: task.Rejected, task.ClassTransient: task.FailedUnbilled,
	} {
		t.Run(string(class), func(t *testing.T) {
			s := v.stand(t, double.Always(double.Job, double.Fault(class)))
			_, err := s.Make(t.Context(), v.Request(t), quiet)
			if f := failure(t, err); f.Class != class || f.Outcome != outcome || f.VendorTask == "" || f.Code == "" {
				t.Errorf("got %v (job %q), want %s/%s, the job and a code", f, f.VendorTask, outcome, class)
			}
		})
	}
}

func polls(t *testing.T, v Vendor) {
	for _, fault := range []double.Fault{double.Reset, double.Malformed, double.Truncated, double.Fault(task.ClassTransient)} {
		t.Run(string(fault), func(t *testing.T) {
			s := v.stand(t, double.Knobs{Seed: 5, Median: 50 * time.Millisecond, Chances: []double.Chance{{Stage: double.Poll, Fault: fault, Share: 0.5}}})
			for range 2 {
				if _, err := s.Make(t.Context(), v.Request(t), quiet); err != nil {
					t.Error(err)
				}
			}
			if b := s.double.Books(); b.Submissions != 2 {
				t.Errorf("the vendor counts %d submissions, want one a picture", b.Submissions)
			}
		})
	}
}

// named: a call that is given up after the submission can be paid for, and
// whoever comes next needs its name.
func named(t *testing.T, v Vendor) {
	s := v.stand(t, double.Knobs{Median: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := s.Make(ctx, v.Request(t), func(p provider.Progress) {
		if p.VendorTask != "" {
			cancel()
		}
	})
	if f := failure(t, err); f.Outcome != task.Unknown || f.Class != task.ClassCanceled || f.VendorTask == "" {
		t.Errorf("got %v (job %q), want unknown/canceled and the job", f, f.VendorTask)
	}
	r := v.Request(t)
	r.VendorTask = failure(t, err).VendorTask
	if f := timed(t, s, r); f.Outcome != task.Unknown || f.Class != task.ClassTimeout || f.VendorTask == "" {
		t.Errorf("got %v (job %q), want unknown/timeout and the job", f, f.VendorTask)
	}
}
