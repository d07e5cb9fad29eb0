package ratelimit

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// clock is a time that tests move.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.nanos.Store(time.Now().UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

func at(addr string) Client { return Client{Addr: netip.MustParseAddr(addr)} }

func limitsOf(l policy.Limits) func() policy.Limits { return func() policy.Limits { return l } }

func TestPastTheLimitAClientWaits(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := New(limitsOf(policy.Limits{IPPerMinute: 3}), c.Now)
	client := at("192.0.2.1")
	for i := range 3 {
		if w, err := l.Allow(Post, client); err != nil || w.Remaining != int64(2-i) || w.Limit != 3 || w.Length != time.Minute || w.Reset != time.Minute {
			t.Errorf("%d: window = %+v, err = %v", i, w, err)
		}
	}
	c.advance(20 * time.Second)
	w, err := l.Allow(Post, client)
	if fault.KindOf(err) != fault.Limited || fault.CodeOf(err) != fault.RateLimited {
		t.Errorf("err = %v, want rate_limited", err)
	}
	if w.Remaining != 0 || w.Reset != 40*time.Second || fault.As(err).RetryAfter != 40*time.Second {
		t.Errorf("window = %+v, err = %v", w, err)
	}
	if _, err := l.Allow(Post, at("192.0.2.2")); err != nil {
		t.Errorf("another client is refused: %v", err)
	}
	c.advance(40 * time.Second)
	if _, err := l.Allow(Post, client); err != nil {
		t.Errorf("a new window is refused: %v", err)
	}
}

func TestEachActionHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{IPPerMinute: 1, IPDaily: 2, IPSessionsPerHour: 3, SessionPerMinute: 4}), nil)
	client := at("192.0.2.1")
	for action, want := range map[Action]int64{Post: 1, Task: 2, Session: 3, Request: 4, ClientError: clientErrorsPerMinute} {
		n := int64(0)
		for ; n <= want; n++ {
			if _, err := l.Allow(action, client); err != nil {
				break
			}
		}
		if n != want {
			t.Errorf("%s: %d allowed, want %d", action, n, want)
		}
	}
	l.Return(Task, client)
	if _, err := l.Allow(Task, client); err != nil {
		t.Errorf("what was returned is not there: %v", err)
	}
}

func TestASessionHasARateOfItsOwn(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{SessionPerMinute: 2}), nil)
	ask := func(session, addr string) error {
		c := at(addr)
		c.Session = task.SessionID(session)
		_, err := l.Allow(Request, c)
		return err
	}
	if ask("a", "192.0.2.1") != nil || ask("a", "192.0.2.2") != nil || ask("a", "192.0.2.3") == nil {
		t.Error("a session is not counted over the addresses that it comes from")
	}
	if ask("b", "192.0.2.1") != nil {
		t.Error("another session of the same address is refused")
	}
}

func TestALimitOfZeroIsOff(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{}), nil)
	for range 1000 {
		if w, err := l.Allow(Post, at("192.0.2.1")); err != nil || w.Limit != 0 {
			t.Fatalf("window = %+v, err = %v", w, err)
		}
	}
}

func TestOneIPv6CustomerIsOneClient(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{IPPerMinute: 1}), nil)
	allowed := func(s string) bool {
		_, err := l.Allow(Post, at(s))
		return err == nil
	}
	if !allowed("2001:db8:1:2::1") || allowed("2001:db8:1:2:ffff::9") || !allowed("2001:db8:1:3::1") {
		t.Error("IPv6 is not counted by /64")
	}
	if !allowed("192.0.2.9") || allowed("::ffff:192.0.2.9") {
		t.Error("a mapped IPv4 address is not the IPv4 address")
	}
}

func TestAnIPv6SiteHasTheLimitsOfSixteenAddresses(t *testing.T) {
	t.Parallel()
	clock := newClock()
	l := New(limitsOf(policy.Limits{IPPerMinute: 3}), clock.Now)
	ask := func(network int) error {
		_, err := l.Allow(Post, at(fmt.Sprintf("2001:db8:1:%x::1", network)))
		return err
	}
	passed := 0
	for i := range 100 {
		if ask(i) == nil {
			passed++
		}
	}
	if passed != 3*siteShare {
		t.Errorf("%d of one site passed, want %d", passed, 3*siteShare)
	}
	if f := fault.As(ask(7)); f == nil || f.Code != fault.RateLimited || f.RetryAfter != time.Minute {
		t.Errorf("got %v", f)
	}
	l.Return(Post, at("2001:db8:1:7::1"))
	if ask(200) != nil || ask(201) == nil {
		t.Error("a site that gave one back has not one more")
	}
	if _, err := l.Allow(Post, at("2001:db8:2::1")); err != nil {
		t.Errorf("another site is refused: %v", err)
	}
	clock.advance(time.Minute)
	for i := range 3 {
		if err := ask(300); err != nil {
			t.Errorf("a network that was refused for its site has used up %d of its own: %v", 3-i, err)
		}
	}
	if ask(300) == nil {
		t.Error("one network has more than an address")
	}
}

func TestAHugeLimitIsNoSmallOneForASite(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{IPPerMinute: math.MaxInt64}), nil)
	for range 100 {
		if _, err := l.Allow(Post, at("2001:db8::1")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyAtOnceNeverPassTheLimit(t *testing.T) {
	t.Parallel()
	l := New(limitsOf(policy.Limits{IPPerMinute: 100}), nil)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				if _, err := l.Allow(Post, at("192.0.2.1")); err == nil {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d passed", passed.Load())
	}
}

func TestAFloodOfAddressesIsBounded(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := newCounters(clock.Now)
	frequent := name(1 << 40)
	for range 100 {
		c.take(frequent, 1000, time.Hour)
	}
	for i := range 2 * namesKept {
		c.take(name(i)*0x9E3779B97F4A7C15, 1, time.Minute)
	}
	if n := c.names(); n > namesKept || n < namesKept/2 {
		t.Errorf("%d names are kept", n)
	}
	if _, n, _ := c.take(frequent, 1000, time.Hour); n != 101 {
		t.Errorf("a flood of new names made %d of 101", n)
	}
	clock.advance(time.Minute)
	c.sweep()
	if n := c.names(); n != 1 {
		t.Errorf("%d names are kept past their windows", n)
	}
}

func TestNetworksArePrefixes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2::1": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		if got := Network(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if Network(netip.Addr{}) == "" {
		t.Error("an unknown address has no network")
	}
}
