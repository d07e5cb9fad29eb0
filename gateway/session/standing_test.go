package session

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/altcha-org/altcha-lib-go"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// counted is a gateway whose addresses are counted.
func (f *fixture) counted(t *testing.T, l policy.Limits, mode Challenge) (*Sessions, *ratelimit.Limiter) {
	t.Helper()
	limiter := ratelimit.New(func() policy.Limits { return l }, f.clock.Now)
	c := Defaults()
	c.Challenge, c.ChallengeCost = mode, 1000
	s, err := Open(t.Context(), c, Deps{Engine: f.engine, Keys: f.ring, Now: f.clock.Now, Limiter: limiter})
	if err != nil {
		t.Fatal(err)
	}
	return s, limiter
}

func challenge(t *testing.T, err error) (text string, most int64) {
	t.Helper()
	wantCode(t, err, fault.Challenge, fault.ChallengeRequired)
	text = fault.As(err).Params["challenge"]
	var c altcha.Challenge
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	return text, c.MaxNumber
}

// Whoever did the work stays known for it: in the token, when it is renewed, and
// in another browser.
func TestAProofOfWorkStaysWithItsSession(t *testing.T) {
	t.Parallel()
	f := open(t, func(c *Config) { c.ChallengeCost = 1000 })
	r := CreateRequest{Client: netip.MustParseAddr("192.0.2.1"), Crowded: fault.New(fault.RateLimited)}
	_, err := f.Create(t.Context(), r)
	text, _ := challenge(t, err)
	r.Solution = solve(t, text)
	made, err := f.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	who := f.who(t, made)
	code, _, err := f.LinkCode(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := f.Create(t.Context(), CreateRequest{Bearer: made.Token})
	if err != nil {
		t.Fatal(err)
	}
	linked, err := f.Create(t.Context(), CreateRequest{LinkCode: code, Client: r.Client})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Created{"new": made, "renewed": renewed, "linked": linked} {
		if who := f.who(t, c); !who.Proved || who.ID != made.ID {
			t.Errorf("%s: %+v", name, who)
		}
	}
	if f.who(t, f.create(t)).Proved {
		t.Error("a session that proved nothing is said to have")
	}
}

func TestASolutionCountsWhereRequestsAreTooMany(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	busy := fault.New(fault.RateLimited)
	for mode, want := range map[Challenge]bool{Off: false, Auto: true, On: true} {
		s, _ := f.counted(t, policy.Limits{}, mode)
		r := CreateRequest{Client: netip.MustParseAddr("192.0.2.1"), Crowded: busy}
		if mode == Off { // it gives no challenge of its own
			other, _ := f.counted(t, policy.Limits{}, On)
			_, err := other.Create(t.Context(), r)
			r.Solution = fault.As(err).Params["challenge"]
		} else {
			_, err := s.Create(t.Context(), r)
			r.Solution, _ = challenge(t, err)
		}
		r.Solution, r.Busy, r.Crowded = solve(t, r.Solution), busy, nil
		if _, err := s.Create(t.Context(), r); (err == nil) != want {
			t.Errorf("%s: %v", mode, err)
		}
	}
	s, _ := f.counted(t, policy.Limits{}, Auto)
	_, err := s.Create(t.Context(), CreateRequest{Client: netip.MustParseAddr("192.0.2.1"), Busy: busy})
	wantCode(t, err, fault.Limited, fault.RateLimited)
}

// An address of many that used up the tasks of who proves nothing asks newcomers
// for work: they would get no picture else.
func TestNewcomersOfAUsedUpAddressAreAskedForWork(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	client := ratelimit.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	for mode, want := range map[Challenge]fault.Code{Off: "", Auto: fault.ChallengeRequired} {
		s, limiter := f.counted(t, policy.Limits{IPDaily: 2, IPSessionsPerHour: 24}, mode)
		ask := func() error {
			_, _ = limiter.Allow(ratelimit.Session, client)
			_, err := s.Create(t.Context(), CreateRequest{Client: client.Addr})
			return err
		}
		_, _ = limiter.Allow(ratelimit.Task, client)
		_, _ = limiter.Allow(ratelimit.Task, client)
		if err := ask(); err != nil {
			t.Errorf("%s: an address of one: %v", mode, err)
		}
		if err := ask(); fault.CodeOf(err) != want && (want != "" || err != nil) {
			t.Errorf("%s: an address of many: %v", mode, err)
		}
	}
}

func TestProofsOfOneAddressCostMoreAndMoreAndEnd(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	s, limiter := f.counted(t, policy.Limits{IPSessionsPerHour: 1}, Auto) // 64 proofs
	r := CreateRequest{Client: netip.MustParseAddr("192.0.2.1"), Crowded: fault.New(fault.RateLimited)}
	for n, want := range map[int]int64{0: 1000, 7: 1000, 8: 2000, 63: 8000} {
		f.clock.advance(time.Hour)
		for range n {
			_, _ = limiter.Allow(ratelimit.Proof, ratelimit.Client{Addr: r.Client})
		}
		_, err := s.Create(t.Context(), r)
		if _, most := challenge(t, err); most != want {
			t.Errorf("after %d proofs a challenge has %d numbers, want %d", n, most, want)
		}
	}
	f.clock.advance(time.Hour)
	for range 64 {
		_, _ = limiter.Allow(ratelimit.Proof, ratelimit.Client{Addr: r.Client})
	}
	_, err := s.Create(t.Context(), r)
	text, _ := challenge(t, err)
	r.Solution = solve(t, text)
	_, err = s.Create(t.Context(), r)
	wantCode(t, err, fault.Limited, fault.RateLimited)
}
