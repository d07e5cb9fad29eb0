package session

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func openEngine(t testing.TB, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// clock is a time that tests move.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.nanos.Store(time.Now().UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

type fixture struct {
	*Sessions
	engine *engine.Engine
	ring   *keys.Ring
	clock  *clock
}

func open(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	e := openEngine(t, t.TempDir())
	ring, err := keys.Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{engine: e, ring: ring, clock: newClock()}
	f.Sessions = f.gateway(t, change)
	return f
}

// gateway is one more gateway on the same engine.
func (f *fixture) gateway(t testing.TB, change func(*Config)) *Sessions {
	t.Helper()
	c := Defaults()
	if change != nil {
		change(&c)
	}
	s, err := Open(t.Context(), c, Deps{Engine: f.engine, Keys: f.ring, Now: f.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fixture) create(t testing.TB) Created {
	t.Helper()
	c, err := f.Create(t.Context(), CreateRequest{Client: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantCode(t *testing.T, err error, kind fault.Kind, code fault.Code) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.CodeOf(err) != code {
		t.Errorf("err = %v, want %v %s", err, kind, code)
	}
}

// How often an address may guess, as gateway/ratelimit has it.
const (
	guessLimit  = 10
	guessWindow = 10 * time.Minute
)

func TestATokenProvesItsSessionUntilItExpires(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	who, err := f.Verify(t.Context(), c.Token)
	if err != nil || who.ID != c.ID || !who.ExpiresAt.Equal(c.ExpiresAt) || c.Renewed {
		t.Fatalf("who = %+v, err = %v, created %+v", who, err, c)
	}
	f.clock.advance(time.Hour)
	_, err = f.Verify(t.Context(), c.Token)
	wantCode(t, err, fault.Unauthenticated, "token_expired")
	_, err = f.Verify(t.Context(), "")
	wantCode(t, err, fault.Unauthenticated, "token_missing")
}

func TestAnExpiredTokenRenewsForADay(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	f.clock.advance(24 * time.Hour)
	again, err := f.Create(t.Context(), CreateRequest{Bearer: c.Token})
	if err != nil || again.ID != c.ID || !again.Renewed {
		t.Fatalf("again = %+v, err = %v", again, err)
	}
	if _, err := f.Verify(t.Context(), again.Token); err != nil {
		t.Errorf("the renewed token is refused: %v", err)
	}
	f.clock.advance(2 * time.Hour)
	_, err = f.Create(t.Context(), CreateRequest{Bearer: c.Token})
	wantCode(t, err, fault.Unauthenticated, "token_expired")
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	kid, key := f.ring.Key(tokenPurpose)
	claims := func() jwt.RegisteredClaims {
		return jwt.RegisteredClaims{
			Issuer: tokenIssuer, Subject: string(c.ID), ExpiresAt: jwt.NewNumericDate(f.clock.Now().Add(time.Hour)),
		}
	}
	forge := func(method jwt.SigningMethod, kid string, key any, claims jwt.Claims) string {
		token := jwt.NewWithClaims(method, claims)
		token.Header["kid"] = kid
		s, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	parts := strings.Split(c.Token, ".")
	noExpiry, otherIssuer, badSubject := claims(), claims(), claims()
	noExpiry.ExpiresAt = nil
	otherIssuer.Issuer = "other"
	badSubject.Subject = "../../etc"
	if _, err := f.Verify(t.Context(), forge(jwt.SigningMethodHS256, kid, key, claims())); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	for name, token := range map[string]string{
		"alg none":        forge(jwt.SigningMethodNone, kid, jwt.UnsafeAllowNoneSignatureType, claims()),
		"another alg":     forge(jwt.SigningMethodHS512, kid, key, claims()),
		"another key":     forge(jwt.SigningMethodHS256, kid, []byte(strings.Repeat("k", 32)), claims()),
		"unknown kid":     forge(jwt.SigningMethodHS256, "unknown", key, claims()),
		"no expiry":       forge(jwt.SigningMethodHS256, kid, key, noExpiry),
		"another issuer":  forge(jwt.SigningMethodHS256, kid, key, otherIssuer),
		"subject no id":   forge(jwt.SigningMethodHS256, kid, key, badSubject),
		"tampered claims": parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"imgfleet","sub":"`+task.NewID()+`","exp":9999999999}`)) + "." + parts[2],
		"no signature":    parts[0] + "." + parts[1] + ".",
		"cut":             c.Token[:len(c.Token)-4],
		"garbage":         "garbage",
		"huge":            strings.Repeat("a", 1<<20),
	} {
		if _, err := f.Verify(t.Context(), token); fault.CodeOf(err) != fault.TokenInvalid {
			t.Errorf("%s: verify says %v", name, err)
		}
		if _, err := f.Create(t.Context(), CreateRequest{Bearer: token}); fault.CodeOf(err) != fault.TokenInvalid {
			t.Errorf("%s: create says %v", name, err)
		}
	}
}

func erased(t *testing.T, s *Sessions, id ID) bool {
	t.Helper()
	erased, err := s.Erased(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return erased
}

func TestAnErasedSessionIsRefusedOnEveryGateway(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	other := f.gateway(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	ticket := f.Ticket(c.ID, "x", f.clock.Now().Add(time.Hour))
	if err := f.MarkErased(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.Verify(t.Context(), c.Token)
	wantCode(t, err, fault.Unauthenticated, "session_erased")
	deadline := time.Now().Add(5 * time.Second)
	for !erased(t, other, c.ID) && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond) //nolint:forbidigo // the mirror announces nothing
	}
	_, err = other.Verify(t.Context(), c.Token)
	wantCode(t, err, fault.Unauthenticated, "session_erased")
	_, err = other.Create(t.Context(), CreateRequest{Bearer: c.Token})
	wantCode(t, err, fault.Unauthenticated, "session_erased")
	_, err = other.VerifyTicket(t.Context(), ticket, "x")
	wantCode(t, err, fault.Unauthenticated, "session_erased")
	if !erased(t, f.gateway(t, nil), c.ID) {
		t.Error("a gateway that starts later does not know")
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}

// who is what a token proves.
func (f *fixture) who(t testing.TB, c Created) Identity {
	t.Helper()
	who, err := f.Verify(t.Context(), c.Token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestALinkCodeCarriesASessionOnce(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	code, until, err := f.LinkCode(t.Context(), f.who(t, c))
	if err != nil || len(code) < 8 || until.Sub(f.clock.Now()) != linkTTL {
		t.Fatalf("code = %q until %v, err = %v", code, until, err)
	}
	var linked atomic.Int64
	var browsers sync.WaitGroup
	for i := range 8 {
		browsers.Go(func() {
			got, err := f.Create(t.Context(), CreateRequest{
				LinkCode: strings.ToLower(code[:5]) + "-" + code[5:], Client: netip.AddrFrom4([4]byte{192, 0, byte(i), 1}),
			})
			if err == nil && got.ID == c.ID && got.Renewed {
				linked.Add(1)
			} else if fault.CodeOf(err) != fault.LinkCodeInvalid {
				t.Errorf("err = %v", err)
			}
		})
	}
	browsers.Wait()
	if linked.Load() != 1 {
		t.Errorf("the code worked %d times", linked.Load())
	}
}

func TestGuessingLinkCodesIsSlow(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	guess := func(code, client string) error {
		_, err := f.Create(t.Context(), CreateRequest{LinkCode: code, Client: netip.MustParseAddr(client)})
		return err
	}
	for _, who := range []struct{ guesser, same, other string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.77"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"},
	} {
		for i := range guessLimit {
			wantCode(t, guess("ABCDEFGHJK"[:10-i%2], who.guesser), fault.Unprocessable, "link_code_invalid")
		}
		code, _, err := f.LinkCode(t.Context(), f.who(t, c))
		if err != nil {
			t.Fatal(err)
		}
		err = guess(code, who.same)
		wantCode(t, err, fault.Limited, "rate_limited")
		if fault.As(err).RetryAfter <= 0 {
			t.Error("no Retry-After")
		}
		if err := guess(code, who.other); err != nil {
			t.Errorf("%s is refused for what %s guessed: %v", who.other, who.guesser, err)
		}
		f.clock.advance(guessWindow)
		wantCode(t, guess(code, who.guesser), fault.Unprocessable, "link_code_invalid")
	}
}

func TestGuessesAtOnceAreCountedLikeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	var tried atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			_, err := f.Create(t.Context(), CreateRequest{LinkCode: "ABCDEFGHJK", Client: netip.MustParseAddr("192.0.2.1")})
			if fault.CodeOf(err) == fault.LinkCodeInvalid {
				tried.Add(1)
			}
		})
	}
	all.Wait()
	if tried.Load() != guessLimit {
		t.Errorf("%d codes were tried, want %d", tried.Load(), guessLimit)
	}
}

func TestRightCodesAreNoGuesses(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := f.create(t)
	for range 2 * guessLimit {
		code, _, err := f.LinkCode(t.Context(), f.who(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Create(t.Context(), CreateRequest{LinkCode: code, Client: netip.MustParseAddr("192.0.2.1")}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTicketsAreForOneTaskAndATime(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	a, b := task.ID(task.NewID()), task.ID(task.NewID())
	id := ID(task.NewID())
	ticket := f.Ticket(id, a, f.clock.Now().Add(time.Hour))
	if strings.Trim(ticket, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") != "" || len(ticket) > 64 {
		t.Errorf("ticket %q is not compact and safe in a URL", ticket)
	}
	if who, err := f.VerifyTicket(t.Context(), ticket, a); err != nil || who != id {
		t.Errorf("who = %s, err = %v", who, err)
	}
	_, err := f.VerifyTicket(t.Context(), ticket, b)
	wantCode(t, err, fault.Unauthenticated, "ticket_invalid")
	later := f.Ticket(id, a, f.clock.Now().Add(2*time.Hour))
	mixed := later[:strings.LastIndexByte(later, '.')] + ticket[strings.LastIndexByte(ticket, '.'):]
	for _, bad := range []string{"", ".", "..", mixed, ticket[:len(ticket)-1], ticket + "A", ticket + "\n", ticket + "\r\n", ticket[:40] + "\n" + ticket[40:], string(id), task.NewID() + ticket[26:], strings.Repeat("a", 1<<16)} {
		if _, err := f.VerifyTicket(t.Context(), bad, a); fault.CodeOf(err) != fault.TicketInvalid {
			t.Errorf("%.80q: %v", bad, err)
		}
	}
	f.clock.advance(time.Hour)
	_, err = f.VerifyTicket(t.Context(), ticket, a)
	wantCode(t, err, fault.NotFound, "ticket_expired")
}

func FuzzTokens(f *testing.F) {
	e := openEngine(f, f.TempDir())
	ring, err := keys.Open(f.Context(), e)
	if err != nil {
		f.Fatal(err)
	}
	s, err := Open(f.Context(), Defaults(), Deps{Engine: e, Keys: ring})
	if err != nil {
		f.Fatal(err)
	}
	c, err := s.Create(f.Context(), CreateRequest{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Token, s.Ticket(c.ID, "x", time.Now().Add(time.Hour)))
	f.Add("a.b.c", "a.b.c")
	f.Fuzz(func(t *testing.T, token, ticket string) {
		if who, err := s.Verify(t.Context(), token); err == nil && who.ID != c.ID {
			t.Fatalf("%q proves %s", token, who.ID)
		}
		if who, err := s.VerifyTicket(t.Context(), ticket, "x"); err == nil && who != c.ID {
			t.Fatalf("%q proves %s", ticket, who)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	f := open(b, nil)
	c := f.create(b)
	for b.Loop() {
		if _, err := f.Verify(b.Context(), c.Token); err != nil {
			b.Fatal(err)
		}
	}
}
