package ratelimit

import (
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const someone task.SessionID = "someone"

// sees waits until a gateway knows how many streams a session has at others.
func (l *Limiter) sees(t *testing.T, own, want int64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		got := l.Holds(someone, own)
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are open elsewhere, want %d", got, want)
		}
		tick.Wait(t.Context(), time.Millisecond) // nothing announces it
	}
}

func TestStreamsAreCountedOverAllGateways(t *testing.T) {
	t.Parallel()
	s := openSite(t, 3)
	one, two, three := s.all[0], s.all[1], s.all[2]
	one.Holds(someone, 3)
	two.Holds(someone, 1)
	one.exchange.tell(t.Context())
	two.exchange.tell(t.Context())
	one.sees(t, 3, 1)
	two.sees(t, 1, 3)
	three.sees(t, 0, 4)
	one.Holds(someone, 2)
	one.exchange.tell(t.Context())
	three.sees(t, 0, 3)
	s.join(t).sees(t, 0, 3)
	two.Holds(someone, 0)
	two.Close()
	three.sees(t, 0, 2)
}

func TestStreamsOfAGatewayThatDiedAreForgotten(t *testing.T) {
	t.Parallel()
	s := openSite(t, 2)
	one, two := s.all[0], s.all[1]
	one.Holds(someone, 3)
	one.exchange.tell(t.Context())
	two.sees(t, 0, 3)
	for range 5 { // streams that go on are told again and again
		s.clock.advance(heldRefresh)
		one.exchange.tell(t.Context())
		two.heardAt(t, s.clock.Now().Add(heldFor))
		two.sees(t, 0, 3)
	}
	s.clock.advance(heldFor)
	two.sees(t, 0, 0)
	two.held.sweep()
	if n := len(two.held.others); n != 0 {
		t.Errorf("%d sessions are kept", n)
	}
}

// heardAt waits until what another gateway has open is believed until then.
func (l *Limiter) heardAt(t *testing.T, until time.Time) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); tick.Wait(t.Context(), time.Millisecond) {
		l.held.mu.Lock()
		all := l.held.others[l.names.session(Stream, someone)]
		heard := len(all) > 0 && until.UnixNano()-all[0].until < int64(time.Second)
		l.held.mu.Unlock()
		if heard {
			return
		}
	}
	t.Fatal("streams that go on were not told again")
}

// Who waits for a task again and again opens and closes all the time.
func TestWhatCameAndWentIsNotTold(t *testing.T) {
	t.Parallel()
	clock := newClock()
	h := newHeld(clock.Now, namer{newLonely()})
	h.set(someone, 1)
	if n := len(h.collect()); n != 1 {
		t.Errorf("%d told, want 1", n)
	}
	h.set(someone, 0)
	h.set(someone, 1)
	if n := len(h.collect()); n != 0 {
		t.Errorf("%d told of what came and went", n)
	}
	h.again()
	if n := len(h.collect()); n != 1 {
		t.Errorf("%d told again, want 1", n)
	}
	h.set(someone, 0)
	if r := h.collect(); len(r) != 1 || r[0].n != 0 || len(h.own) != 0 {
		t.Errorf("told %v of what ended, kept %v", r, h.own)
	}
}
