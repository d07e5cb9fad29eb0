package session

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/altcha-org/altcha-lib-go"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestTheChallengeIsSolvedOnce(t *testing.T) {
	t.Parallel()
	f := open(t, func(c *Config) { c.Challenge, c.ChallengeCost = On, 1000 })
	ask := func(solution string) (Created, error) {
		return f.Create(t.Context(), CreateRequest{Solution: solution, Client: netip.MustParseAddr("192.0.2.1")})
	}
	_, err := ask("")
	wantCode(t, err, fault.Challenge, "challenge_required")
	solution := solve(t, fault.As(err).Params["challenge"])
	if _, err := ask(solution); err != nil {
		t.Fatalf("a good solution is refused: %v", err)
	}
	for name, bad := range map[string]string{
		"used":    solution,
		"garbage": "garbage",
		"empty":   base64.StdEncoding.EncodeToString([]byte("{}")),
		"huge":    strings.Repeat("A", 1<<20),
	} {
		_, err := ask(bad)
		if fault.CodeOf(err) != fault.ChallengeRequired || fault.As(err).Params["challenge"] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.clock.advance(-2 * challengeTTL)
	_, err = ask("")
	f.clock.advance(2 * challengeTTL)
	_, err = ask(solve(t, fault.As(err).Params["challenge"]))
	wantCode(t, err, fault.Challenge, "challenge_required")
}

func TestTheChallengeIsAskedForAsConfigured(t *testing.T) {
	t.Parallel()
	crowded := fault.New(fault.RateLimited)
	for mode, want := range map[Challenge][2]fault.Code{ // alone, and in a crowd
		Off:  {"", fault.RateLimited},
		Auto: {"", fault.ChallengeRequired},
		On:   {fault.ChallengeRequired, fault.ChallengeRequired},
	} {
		f := open(t, func(c *Config) { c.Challenge, c.ChallengeCost = mode, 1000 })
		for i, r := range []CreateRequest{{}, {Crowded: crowded}} {
			r.Client = netip.MustParseAddr("192.0.2.1")
			_, err := f.Create(t.Context(), r)
			if fault.CodeOf(err) != want[i] {
				t.Errorf("%s, crowded %v: %v", mode, i == 1, err)
			}
			if want[i] == fault.ChallengeRequired {
				r.Solution = solve(t, fault.As(err).Params["challenge"])
				if _, err := f.Create(t.Context(), r); err != nil {
					t.Errorf("%s, crowded %v, solved: %v", mode, i == 1, err)
				}
			}
		}
		if mode == On {
			continue
		}
		if _, err := f.Create(t.Context(), CreateRequest{Bearer: f.create(t).Token}); err != nil {
			t.Errorf("%s: a renewal is refused: %v", mode, err)
		}
	}
}

func TestOldSpellingsOfTheChallengeAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Challenge{"true": On, "false": Off, "auto": Auto, "on": On, "off": Off} {
		var c Challenge
		if err := c.UnmarshalText([]byte(text)); err != nil || c != want {
			t.Errorf("%s: %q, %v", text, c, err)
		}
	}
	if err := new(Challenge).UnmarshalText([]byte("sometimes")); err == nil {
		t.Error("any word is taken")
	}
}

func solve(t *testing.T, challenge string) string {
	t.Helper()
	var c altcha.Challenge
	if err := json.Unmarshal([]byte(challenge), &c); err != nil {
		t.Fatal(err)
	}
	s, err := altcha.SolveChallengeSafe(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), int(c.MaxNumber), 0, nil)
	if err != nil || s == nil {
		t.Fatalf("solution %v, err %v", s, err)
	}
	text, err := json.Marshal(altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(s.Number), Salt: c.Salt, Signature: c.Signature})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}
