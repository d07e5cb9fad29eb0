package intake

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// A session in good standing is not shut out by others of its address: one that
// did some work, or one that is old enough and got a picture.
func TestGoodStandingIsCountedApart(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.limits.Store(&policy.Limits{SessionDaily: 100, SessionActive: 100, IPDaily: 1})
	seed := int64(0)
	ask := func(change func(*Request)) (*task.Record, error) {
		r := f.request("")
		seed++
		r.Options.Seed = &seed
		r.Began = time.Now()
		if change != nil {
			change(&r)
		}
		a, err := f.Submit(t.Context(), r)
		return a.Record, err
	}
	mature := func(r *Request) { r.Began = time.Now().Add(-matureAfter) }
	first, err := ask(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Request){"young": nil, "old, without a picture": mature} {
		if _, err := ask(change); fault.CodeOf(err) != fault.RateLimited {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ask(func(r *Request) { r.Proved = true }); err != nil {
		t.Errorf("after a proof of work: %v", err)
	}
	f.finish(t, first.ID, task.Succeeded)
	if _, err := ask(mature); err != nil {
		t.Errorf("old, with a picture: %v", err)
	}
	if _, err := ask(nil); fault.CodeOf(err) != fault.RateLimited {
		t.Errorf("young, with a picture: %v", err)
	}
}
