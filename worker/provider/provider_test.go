package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type stub func(ctx context.Context) (Picture, error)

func (stub) Name() string { return "stub" }

func (s stub) Make(ctx context.Context, _ Request, _ func(Progress)) (Picture, error) { return s(ctx) }

func call(t *testing.T, p *Provider) (*Failure, Picture) {
	t.Helper()
	pic, err := p.Make(t.Context(), Request{}, func(Progress) {})
	if err == nil {
		return nil, pic
	}
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %T is no *Failure", err)
	}
	return f, pic
}

func TestWhatADriverLeavesUnclassifiedIsUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		class task.Class
	}{
		"anything":   {errors.New("hm"), task.ClassTransient},
		"a deadline": {fmt.Errorf("call: %w", context.DeadlineExceeded), task.ClassTimeout},
		"a cancel":   {context.Canceled, task.ClassCanceled},
	} {
		p := New(Config{Name: "x"}, stub(func(context.Context) (Picture, error) { return Picture{}, c.err }), NewMetrics(nil))
		if f, _ := call(t, p); f.Outcome != task.Unknown || f.Class != c.class || !errors.Is(f, c.err) {
			t.Errorf("%s: %v, want unknown/%s", name, f, c.class)
		}
	}
	p := New(Config{Name: "x"}, stub(func(context.Context) (Picture, error) { panic("oops") }), NewMetrics(nil))
	if f, _ := call(t, p); f.Outcome != task.Unknown {
		t.Errorf("a panic: %v, want unknown", f)
	}
}

func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	const key = "sk-very-secret"
	p := New(Config{Name: "x"}, stub(func(context.Context) (Picture, error) {
		return Picture{}, &Failure{
			Outcome: task.Rejected, Class: task.ClassAuth, Code: "bad key " + key, RequestID: key,
			Err: fmt.Errorf("vendor says: %w", errors.New("Bearer "+key+" is wrong")),
		}
	}), NewMetrics(nil), key, "")
	f, _ := call(t, p)
	if text := f.Error() + f.Code + f.RequestID + fmt.Sprintf("%+v", f.Err); strings.Contains(text, key) {
		t.Errorf("the key is in %q", text)
	}
	if f.Class != task.ClassAuth || !strings.Contains(f.Error(), "is wrong") {
		t.Errorf("the rest was lost: %v", f)
	}
}

func TestTheTimeLimitEndsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Name: "x", Timeout: 30 * time.Second}, stub(func(ctx context.Context) (Picture, error) {
			<-ctx.Done()
			return Picture{}, ctx.Err()
		}), NewMetrics(nil))
		start := time.Now()
		f, _ := call(t, p)
		if f.Class != task.ClassTimeout || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %v, want a timeout after 30s", f, time.Since(start))
		}
	})
}

func TestAFullProviderIsBusyAndCostsNothing(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	p := New(Config{Name: "x", MaxConcurrent: 1, PriceFen: 7}, stub(func(context.Context) (Picture, error) {
		close(started)
		<-release
		return Picture{}, nil
	}), NewMetrics(nil))
	done := make(chan Picture)
	go func() {
		pic, _ := p.Make(t.Context(), Request{}, func(Progress) {})
		done <- pic
	}()
	<-started
	if f, _ := call(t, p); f.Outcome != task.NotSent || f.Class != task.ClassBusy {
		t.Errorf("got %v, want not_sent/busy", f)
	}
	close(release)
	if pic := <-done; pic.PriceFen != 7 {
		t.Errorf("price = %d, want the configured one", pic.PriceFen)
	}
}

func TestCallsAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	left := int64(41)
	_, _ = call(t, New(Config{Name: "a"}, stub(func(context.Context) (Picture, error) { return Picture{Remaining: &left}, nil }), m))
	_, _ = call(t, New(Config{Name: "b"}, stub(func(context.Context) (Picture, error) { return Picture{}, errors.New("x") }), m))
	few := int64(3)
	_, _ = call(t, New(Config{Name: "c"}, stub(func(context.Context) (Picture, error) { return Picture{}, &Failure{Remaining: &few} }), m))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range families {
		for _, s := range f.GetMetric() {
			fmt.Fprintln(&text, f.GetName(), s)
		}
	}
	for _, want := range []string{`value:"ok"`, `value:"unknown"`, `value:"transient"`, "imgfleet_provider_running_calls", "imgfleet_provider_remaining_calls", "value:41", "value:3"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}
}

func TestFaultyListsAreNamedWhole(t *testing.T) {
	t.Parallel()
	err := Validate([]Config{
		{Name: "a", Kind: "mock"}, {Name: "a", Kind: "mock", Timeout: -1, MaxConcurrent: -1},
		{BaseURL: "nonsense", Proxy: secret.NewURL("::")}, {Name: "b", Kind: "mock", PriceFen: 1},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`providers[1].name: "a" is used twice`, "providers[1].timeout", "providers[1].maxConcurrent",
		"providers[2].name: is missing", "providers[2].kind: is missing", "providers[2].baseUrl", "providers[2].proxy",
		"providers[3].priceFen: a mock that stands in for real models is not charged",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if err := Validate([]Config{{Name: "a", Kind: "mock", PriceFen: 20}}); err != nil {
		t.Errorf("a mock alone may have a price: %v", err)
	}
	if Validate(nil) == nil || Validate(Defaults()) != nil {
		t.Error("an empty list must be refused and the default accepted")
	}
}

// taker is a vendor that may take work back.
type taker struct {
	stub
	asked []string
	says  func() error
}

func (v *taker) Cancel(_ context.Context, vendorTask string) error {
	v.asked = append(v.asked, vendorTask)
	return v.says()
}

func TestOnlyWhatNobodyWantsAndMayBeBilledIsTakenBack(t *testing.T) {
	t.Parallel()
	taken := func() error { return nil }
	lost := Failure{Outcome: task.Unknown, Class: task.ClassCanceled, VendorTask: "job-1"}
	for name, c := range map[string]struct {
		cause   error
		failure Failure
		says    func() error
		asked   int
		want    task.Outcome
	}{
		"canceled":                {ErrCanceled, lost, taken, 1, task.FailedUnbilled},
		"canceled, and refused":   {ErrCanceled, lost, func() error { return errors.New("begun") }, 1, task.Unknown},
		"canceled, and a panic":   {ErrCanceled, lost, func() error { panic("oops") }, 1, task.Unknown},
		"the worker stops":        {context.Canceled, lost, taken, 0, task.Unknown},
		"lost while it is wanted": {nil, lost, taken, 0, task.Unknown},
		"without a name":          {ErrCanceled, Failure{Outcome: task.Unknown, Class: task.ClassCanceled}, taken, 0, task.Unknown},
		"it failed before":        {ErrCanceled, Failure{Outcome: task.Rejected, Class: task.ClassContent, VendorTask: "job-1"}, taken, 0, task.Rejected},
	} {
		v := &taker{says: c.says, stub: func(context.Context) (Picture, error) { return Picture{}, &c.failure }}
		ctx, cancel := context.WithCancelCause(t.Context())
		if c.cause != nil {
			cancel(c.cause)
		}
		_, err := New(Config{Name: "x"}, v, NewMetrics(nil)).Make(ctx, Request{}, func(Progress) {})
		cancel(nil)
		if f := AsFailure(err); f.Outcome != c.want || len(v.asked) != c.asked {
			t.Errorf("%s: %v after %d cancels, want %s after %d", name, f, len(v.asked), c.want, c.asked)
		}
	}
}
