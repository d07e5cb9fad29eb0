package intake

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// campaign opens one with so many admission slots.
func (f *fixture) campaign(capacity int64) {
	f.policy.state.Campaigns = map[string]policy.Campaign{
		"expo": {From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Capacity: capacity},
		"soon": {From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour), Capacity: capacity},
		"past": {From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour), Capacity: capacity},
	}
}

func (f *fixture) in(campaign string) Request {
	r := f.request("")
	r.Campaign = campaign
	return r
}

func (f *fixture) found(t *testing.T, id task.ID) *task.Record {
	t.Helper()
	r, err := f.Get(t.Context(), f.id, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestACampaignIsEnteredWhileItIsOpen(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(5)
	r := f.submit(t, f.in("expo"))
	if r.Campaign != "expo" {
		t.Errorf("campaign = %q", r.Campaign)
	}
	if j, _, err := f.queue.Job(t.Context(), f.id, r.ID); err != nil || j.Campaign != "expo" {
		t.Errorf("job = %+v, %v", j, err)
	}
	for name, want := range map[string]struct {
		kind fault.Kind
		code fault.Code
	}{
		"soon": {fault.Conflict, "campaign_not_open"}, "past": {fault.Gone, "campaign_over"}, "none": {fault.Unprocessable, "campaign_unknown"},
	} {
		_, err := f.Submit(t.Context(), f.in(name))
		wantCode(t, err, want.kind, want.code)
	}
	if used, _ := f.used(t); used != 1 {
		t.Errorf("%d counted, want only the one that was accepted", used)
	}
}

func TestAFullCampaignRefusesAndCountsNothing(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(2)
	first := f.submit(t, f.in("expo"))
	f.submit(t, f.in("expo"))
	_, err := f.Submit(t.Context(), f.in("expo"))
	wantCode(t, err, fault.Unavailable, "campaign_full")
	if used, _ := f.used(t); used != 2 {
		t.Errorf("%d counted, want 2", used)
	}
	f.submit(t, f.request("")) // everybody else needs none of them
	f.finish(t, first.ID, task.Succeeded)
	again := f.in("expo")
	again.Options.Note = "another"
	f.submit(t, again)
	if n, err := f.keeper.Taken(t.Context(), "expo"); n != 2 || err != nil {
		t.Errorf("%d slots are taken, %v", n, err)
	}
}

func TestARefusalGivesTheSlotBack(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(5)
	limits := *f.limits.Load()
	limits.SessionActive = 1
	f.limits.Store(&limits)
	f.submit(t, f.in("expo"))
	_, err := f.Submit(t.Context(), f.in("expo"))
	wantCode(t, err, fault.Limited, "too_many_active")
	if err := f.queue.SetDepth(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	limits.SessionActive = 5
	f.limits.Store(&limits)
	_, err = f.Submit(t.Context(), f.in("expo"))
	wantCode(t, err, fault.Unavailable, "queue_full")
	if n, err := f.keeper.Taken(t.Context(), "expo"); n != 1 || err != nil {
		t.Errorf("%d slots are taken, %v", n, err)
	}
}

func TestAKeyTakesOneSlot(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(1)
	r := f.in("expo")
	r.Key = "k1"
	first := f.submit(t, r)
	if again := f.submit(t, r); again.ID != first.ID {
		t.Errorf("another task: %s", again.ID)
	}
	r.Campaign = ""
	_, err := f.Submit(t.Context(), r)
	wantCode(t, err, fault.Unprocessable, "idempotency_mismatch")
}

func TestACampaignIsNotHeldToTheDayOfAnAddress(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(5)
	limits := *f.limits.Load()
	limits.IPDaily = 1
	f.limits.Store(&limits)
	f.submit(t, f.request(""))
	f.submit(t, f.in("expo"))
	_, err := f.Submit(t.Context(), f.request(""))
	wantCode(t, err, fault.Limited, "rate_limited")
}

func TestCachedPicturesKeepTheirMarks(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(5)
	mark := func(words string) {
		c := f.policy.state.Campaigns["expo"]
		c.BrandMark = words
		f.policy.state.Campaigns["expo"] = c
	}
	mark("春茶节")
	marked := f.submit(t, f.in("expo"))
	if j, _, err := f.queue.Job(t.Context(), f.id, marked.ID); err != nil || j.BrandMark != "春茶节" {
		t.Errorf("job = %+v, %v", j, err)
	}
	f.finish(t, marked.ID, task.Succeeded)
	plain := f.submit(t, f.request(""))
	if plain.Cached {
		t.Error("a picture with a mark was given to a task without")
	}
	f.finish(t, plain.ID, task.Succeeded)
	if again := f.submit(t, f.in("expo")); !again.Cached || again.BrandMark != "春茶节" || !strings.Contains(f.store.copied[again.Result.ImageKey], string(marked.ID)) {
		t.Errorf("again = %+v", again)
	}
	if n, err := f.keeper.Taken(t.Context(), "expo"); n != 0 || err != nil {
		t.Errorf("a cached answer took a slot: %d, %v", n, err)
	}
	mark("秋茶节")
	if other := f.submit(t, f.in("expo")); other.Cached {
		t.Error("a picture with another mark was given")
	}
	if err := f.Erase(t.Context(), f.found(t, marked.ID)); err != nil {
		t.Fatal(err)
	}
	mark("春茶节")
	if gone := f.submit(t, f.in("expo")); gone.Cached {
		t.Error("a forgotten picture was given")
	}
}

func TestRegenerateStaysInTheCampaignWhileThatIsOpen(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.campaign(5)
	first := f.submit(t, f.in("expo"))
	again := func() *task.Record {
		a, err := f.Regenerate(t.Context(), RegenerateRequest{Session: f.id, Client: netip.MustParseAddr("192.0.2.1"), Task: first.ID})
		if err != nil {
			t.Fatal(err)
		}
		return a.Record
	}
	if r := again(); r.Campaign != "expo" {
		t.Errorf("campaign = %q", r.Campaign)
	}
	c := f.policy.state.Campaigns["expo"]
	c.To = time.Now()
	f.policy.state.Campaigns["expo"] = c
	if r := again(); r.Campaign != "" {
		t.Errorf("afterwards the campaign is %q", r.Campaign)
	}
}
