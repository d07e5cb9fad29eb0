package session

import (
	"net/netip"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// A session ends at its greatest age, by whatever ways it is carried on.
func TestNothingCarriesASessionPastItsAge(t *testing.T) {
	t.Parallel()
	const age = 10 * time.Hour
	f := open(t, func(c *Config) { c.MaxAge = age })
	end := f.clock.Now().Truncate(time.Second).Add(age)
	c := f.create(t)
	first := c.ID
	for hour := range 40 {
		r := CreateRequest{Bearer: c.Token, Client: netip.MustParseAddr("192.0.2.1")}
		if hour%2 == 1 {
			code, _, err := f.LinkCode(t.Context(), f.who(t, c))
			if err != nil {
				t.Fatal(err)
			}
			r.Bearer, r.LinkCode = "", code
		}
		next, err := f.Create(t.Context(), r)
		if err != nil {
			t.Fatalf("half-hour %d: %v", hour, err)
		}
		c = next
		if c.ID != first || c.ExpiresAt.After(end) {
			t.Fatalf("half-hour %d: session %s until %v, want %s until %v at most", hour, c.ID, c.ExpiresAt, first, end)
		}
		f.clock.advance(15 * time.Minute)
	}
	if !c.ExpiresAt.Equal(end) {
		t.Errorf("the last token ends %v, want %v", c.ExpiresAt, end)
	}
	_, err := f.Create(t.Context(), CreateRequest{Bearer: c.Token})
	wantCode(t, err, fault.Unauthenticated, "token_expired")
	_, err = f.Verify(t.Context(), c.Token)
	wantCode(t, err, fault.Unauthenticated, "token_expired")
}

// An older release said nothing of when a session began.
func TestATokenOfAnOlderReleaseIsRenewed(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	now := f.clock.Now()
	kid, key := f.ring.Key(tokenPurpose)
	old := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Issuer: tokenIssuer, Subject: string(c.ID), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Hour)),
	})
	old.Header["kid"] = kid
	token, err := old.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Create(t.Context(), CreateRequest{Bearer: token})
	if err != nil || got.ID != c.ID {
		t.Fatalf("%+v, %v", got, err)
	}
	if who := f.who(t, got); !who.Began.Equal(now.Truncate(time.Second)) {
		t.Errorf("the session began %v, want %v", who.Began, now)
	}
	if who, known := f.carried([]byte(c.ID)); !known || who.ID != c.ID {
		t.Errorf("a code of an older release carries %q", who.ID)
	}
}
