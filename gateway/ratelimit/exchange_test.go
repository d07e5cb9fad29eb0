package ratelimit

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const limitOfAll = 100 // where the configuration says how much

func openEngine(t testing.TB, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: dir, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// site is some gateways of one engine. Only the exchange of each is there.
type site struct {
	engine *engine.Engine
	clock  *clock
	keys   *lonely // every gateway has the same
	limits policy.Limits
	all    []*Limiter
	next   int
}

func openSite(t *testing.T, gateways int) *site { return openSiteOf(t, gateways, every(limitOfAll)) }

func openSiteOf(t *testing.T, gateways int, limits policy.Limits) *site {
	t.Helper()
	s := &site{engine: openEngine(t, t.TempDir()), clock: newClock(), keys: newLonely(), limits: limits}
	for range gateways {
		s.join(t)
	}
	return s
}

func every(n int64) policy.Limits {
	l := limit.Defaults()
	l.IPPerMinute, l.IPDaily, l.IPSessionsPerHour, l.SessionPerMinute = n, n, n, n
	return l
}

// join starts one more gateway.
func (s *site) join(t *testing.T) *Limiter {
	t.Helper()
	l, err := Open(t.Context(), Deps{ID: task.NewID(), Engine: s.engine, Keys: s.keys, Limits: limitsOf(s.limits), Now: s.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		_ = l.exchange.listen(ctx, func() {}, func(error) {})
	}()
	t.Cleanup(func() {
		stop()
		<-listening
	})
	s.all = append(s.all, l)
	return l
}

// second lets the gateways exchange what they counted, and waits until each has
// heard of it.
func (s *site) second(t *testing.T) {
	t.Helper()
	for _, l := range s.all {
		l.exchange.tell(t.Context())
	}
	for _, l := range s.all {
		l.hearsOf(t)
	}
	s.clock.advance(time.Second)
}

// hearsOf waits until a gateway has heard everything that was told so far.
func (l *Limiter) hearsOf(t *testing.T) {
	t.Helper()
	x := l.exchange
	for e, err := range x.bucket.Entries(t.Context(), ">") {
		if err != nil {
			t.Fatal(err)
		}
		_, records, err := decode(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			l.knows(t, r)
		}
	}
}

func (l *Limiter) knows(t *testing.T, r record) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		s := l.counts.shard(r.name)
		s.mu.Lock()
		c := s.cells[r.name]
		known := c != nil && (c.until <= l.counts.now().UnixNano() || c.own == r.n || hasTally(c, r.n))
		s.mu.Unlock()
		if known {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never heard of %+v", r)
		}
		tick.Wait(t.Context(), time.Millisecond) // nothing announces it
	}
}

func hasTally(c *cell, n uint32) bool {
	for _, t := range c.tallies {
		if t.n >= n {
			return true
		}
	}
	return false
}

// ask sends n requests, to one gateway after the other.
func (s *site) ask(a Action, from func(i int) Client, n int) (passed int) {
	for range n {
		s.next++
		if _, err := s.all[s.next%len(s.all)].Allow(a, from(s.next)); err == nil {
			passed++
		}
	}
	return passed
}

// crowds are whom a rule counts together.
func crowds(r rule) map[string]struct {
	from  func(i int) Client
	times int64
} {
	type crowd = struct {
		from  func(i int) Client
		times int64
	}
	if r.bySession {
		return map[string]crowd{"session": {func(i int) Client {
			return Client{Session: "s", Addr: at(fmt.Sprintf("192.0.2.%d", i%200)).Addr}
		}, 1}}
	}
	return map[string]crowd{
		"IPv4": {func(int) Client { return at("192.0.2.1") }, 1},
		"/64":  {func(i int) Client { return at(fmt.Sprintf("2001:db8:1:2::%x", i%60000)) }, 1},
		"/48":  {func(i int) Client { return at(fmt.Sprintf("2001:db8:2:%x::1", i%60000)) }, siteShare},
	}
}

func TestEveryLimitHoldsOverAllGatewaysAndThroughARestart(t *testing.T) {
	t.Parallel()
	for action, r := range rules() {
		limits := every(limitOfAll)
		if r.limit(limits) > 10*limitOfAll { // of everybody behind an address
			limits = every(limitOfAll / crowdShare)
		}
		for who, crowd := range crowds(r) {
			t.Run(string(action)+" "+who, func(t *testing.T) {
				t.Parallel()
				s := openSiteOf(t, 3, limits)
				limit := int(r.limit(limits) * crowd.times)
				pace := max(1, limit/20)
				passed := 0
				for range limit/pace + 5 {
					passed += s.ask(action, crowd.from, pace)
					s.second(t)
				}
				if passed < limit || passed > limit+limit/10 {
					t.Errorf("%d pass, the limit is %d", passed, limit)
				}
				s.all = nil
				for range 3 {
					s.join(t)
				}
				if again := s.ask(action, crowd.from, limit); again > limit/10 {
					t.Errorf("after a restart %d more pass", again)
				}
				s.clock.advance(r.window)
				if s.ask(action, crowd.from, 1) != 1 {
					t.Error("a new window is refused")
				}
			})
		}
	}
}

// A limit that is not counted here is counted where it is owned. Whoever adds
// one says where, and how it holds over all gateways and a restart.
func TestEveryLimitIsCountedForAllGateways(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]string{
		"sessionDaily":       "gateway/quota: an account in the engine, computed again from the session's tasks",
		"sessionActive":      "gateway/quota, as sessionDaily",
		"sessionUploadBytes": "gateway/upload: an entry of the session in the engine",
		"queueDepth":         "gateway/queue: the engine's own limit",
		"maxUploadBytes":     "of one photo: nothing is counted",
		"maxPixels":          "of one photo: nothing is counted",
		"taskFen":            "of one task: in its record",
		"sessionStreams":     "gateway/httpapi/hub: what is open, here in held.go at other gateways",
		"addressConnections": "gateway/httpapi/gate: what is open at one gateway",
	}
	for _, l := range limit.All() {
		here := false
		for _, r := range rules() {
			of := func(n int64) int64 { return r.limit(limit.Limits{}.With(map[string]int64{l.Key: n})) }
			here = here || of(17) == 17 && of(18) == 18
		}
		if _, there := elsewhere[l.Key]; here == there {
			t.Errorf("limits.%s: counted here: %t, elsewhere: %t", l.Key, here, there)
		}
	}
}

func TestAGatewayThatLeavesGivesNothingBack(t *testing.T) {
	t.Parallel()
	s := openSite(t, 2)
	from := func(int) Client { return at("192.0.2.1") }
	leaver := s.all[0]
	for range limitOfAll {
		_, _ = leaver.Allow(Post, from(0))
	}
	leaver.Close()
	s.all = s.all[1:]
	s.all[0].hearsOf(t)
	if n := s.ask(Post, from, 10); n != 0 {
		t.Errorf("%d pass once the gateway has left that counted to the limit", n)
	}
	s.join(t)
	if n := s.ask(Post, from, 10); n != 0 {
		t.Errorf("%d pass at a gateway that joins", n)
	}
}

func TestWhatWasGivenBackIsGivenBackEverywhere(t *testing.T) {
	t.Parallel()
	s := openSite(t, 2)
	client := at("192.0.2.1")
	for range limitOfAll {
		_, _ = s.all[0].Allow(Task, client)
	}
	s.second(t)
	if _, err := s.all[1].Allow(Task, client); err == nil {
		t.Error("one too many passes")
	}
	s.all[0].Return(Task, client)
	s.second(t)
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := s.all[1].Allow(Task, client); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("what was given back never reached the other gateway")
		}
		tick.Wait(t.Context(), time.Millisecond) // nothing announces it
	}
}

// Without the engine each goes on with what it knows, nothing waits, and what
// was counted meanwhile is told later.
func TestCountsOutliveALossOfTheEngine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	listens, err := engine.Open(t.Context(), engine.Config{Dir: dir, Listen: "127.0.0.1:0", Interval: time.Minute, Token: secret.New("a-token-of-the-test")})
	if err != nil {
		t.Fatal(err)
	}
	addr := listens.ClientURL()
	remote, err := engine.Open(t.Context(), engine.Config{URL: addr, Interval: time.Minute, Token: secret.New("a-token-of-the-test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.Close)
	s := &site{engine: remote, clock: newClock(), keys: newLonely(), limits: every(limitOfAll)}
	one, two := s.join(t), s.join(t)
	from := func(int) Client { return at("192.0.2.1") }
	s.ask(Session, from, 20)
	s.second(t)
	listens.Close()
	if n := s.ask(Session, from, 2*limitOfAll); n != 2*(limitOfAll-20) {
		t.Errorf("%d pass while the engine is away, want what each has left", n)
	}
	began := time.Now()
	one.exchange.tell(t.Context())
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("telling took %v", took)
	}
	_, port, _ := net.SplitHostPort(addr[len("nats://"):])
	back, err := engine.Open(t.Context(), engine.Config{Dir: dir, Listen: "127.0.0.1:" + port, Interval: time.Minute, Token: secret.New("a-token-of-the-test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(back.Close)
	for !one.told() || !two.told() {
		one.exchange.tell(t.Context())
		two.exchange.tell(t.Context())
	}
	three := s.join(t)
	if _, err := three.Allow(Session, from(0)); err == nil {
		t.Error("a gateway that joins later does not know what was counted while the engine was away")
	}
}

// told reports whether everything counted was written.
func (l *Limiter) told() bool {
	x := l.exchange
	x.telling.Lock()
	defer x.telling.Unlock()
	for _, s := range x.segments {
		if !s.told {
			return false
		}
	}
	return len(x.segments) > 0
}

func TestManyNamesAreToldInSeveralMessages(t *testing.T) {
	t.Parallel()
	s := openSite(t, 1)
	const many = 2*segmentFull + 7
	for i := range many {
		_, _ = s.all[0].Allow(Task, at(fmt.Sprintf("2001:db8:%x:%x::1", i%50000, i/50000)))
	}
	s.all[0].exchange.tell(t.Context())
	joined := s.join(t)
	if n := joined.counts.names(); n != 2*many {
		t.Errorf("%d names are known, want %d", n, 2*many)
	}
}

func FuzzAMessageOfCountsIsReadOrRefused(f *testing.F) {
	f.Add(encode(7, time.Now().UnixNano(), []record{{1, time.Now().Add(time.Hour).UnixNano(), 12}, {2, time.Now().UnixNano(), 0}}))
	f.Add([]byte{layout})
	f.Fuzz(func(t *testing.T, b []byte) {
		number, records, err := decode(b)
		if err != nil {
			return
		}
		again, same, err := decode(encode(number, 0, records))
		if err != nil || again != number || len(same) != len(records) {
			t.Fatalf("%d records of %d became %d of %d: %v", len(records), number, len(same), again, err)
		}
		for i := range same {
			if same[i] != records[i] {
				t.Fatalf("%+v became %+v", records[i], same[i])
			}
		}
	})
}
