package ratelimit

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const hall = "203.0.113.7"

func phone(i int, standing ...bool) Client {
	c := at(hall)
	c.Session = task.SessionID(fmt.Sprint("phone", i))
	c.Good = len(standing) > 0
	return c
}

// often counts how many of so many tries pass.
func (l *Limiter) often(a Action, c Client, tries int) (passed int) {
	for range tries {
		if _, err := l.Allow(a, c); err == nil {
			passed++
		}
	}
	return passed
}

func TestOneFlooderBehindAnAddressIsSlowedAlone(t *testing.T) {
	t.Parallel()
	for name, flooder := range map[string]Client{"a session": phone(0), "in good standing": phone(0, true), "without a session": at(hall)} {
		clock := newClock()
		l := New(limit.Defaults, clock.Now)
		passed := l.often(Post, flooder, 10_000)
		if want := 120; passed != want && !flooder.Good {
			t.Errorf("%s: %d of the flood pass, want %d", name, passed, want)
		}
		if flooder.Good { // its own rate holds it back before it comes here
			passed = l.often(Request, flooder, 10_000)
			if passed != 600 {
				t.Errorf("%s: %d of the flood pass, want 600", name, passed)
			}
			continue
		}
		for i := range 100 {
			if n := l.often(Post, phone(i+1), 5); n != 5 {
				t.Fatalf("%s floods, and phone %d gets %d of 5 requests through", name, i, n)
			}
		}
		if n := l.often(Post, at(hall), 100); flooder.Session != "" && n != 100 {
			t.Errorf("%s floods, and %d of 100 newcomers get in", name, n)
		}
		clock.advance(time.Minute)
		if n := l.often(Post, phone(0), 1); n != 1 {
			t.Errorf("%s: it is refused in the next minute", name)
		}
	}
}

func TestAHallOfFiveHundredPhonesIsNotShutOut(t *testing.T) {
	t.Parallel()
	l := New(limit.Defaults, newClock().Now)
	for i := range 500 {
		c := phone(i)
		if _, err := l.Allow(Session, c); err != nil {
			if _, err := l.Allow(Proof, c); err != nil {
				t.Fatalf("phone %d gets no session: %v", i, err)
			}
			c.Good = true
		}
		if n := l.often(Post, c, 5); n != 5 {
			t.Fatalf("phone %d gets %d of 5 requests through", i, n)
		}
		if n := l.often(Task, c, 3); n != 3 {
			t.Fatalf("phone %d gets %d of 3 pictures", i, n)
		}
	}
}

// Sessions that cost nothing, or a little work, do not make an address
// boundless.
func TestAThousandThrowAwaySessionsAreBounded(t *testing.T) {
	t.Parallel()
	l := New(limit.Defaults, newClock().Now)
	var posts, tasks int
	for i := range 1000 {
		posts += l.often(Post, phone(i), 200)
		tasks += l.often(Task, phone(i), 20)
	}
	if tasks != 200 || posts > 120*crowdShare {
		t.Errorf("without a proof of work: %d tasks and %d requests pass", tasks, posts)
	}
	tasks = 0
	for i := range 1000 {
		tasks += l.often(Task, phone(i, true), 20)
	}
	if tasks != 200*crowdShare {
		t.Errorf("with a proof of work: %d tasks pass, want %d", tasks, 200*crowdShare)
	}
	if n := l.often(Proof, at(hall), 10_000); n != 60*crowdShare {
		t.Errorf("%d sessions begin with a proof of work, want %d", n, 60*crowdShare)
	}
}

func TestWhatIsReturnedIsReturnedWhereItWasCounted(t *testing.T) {
	t.Parallel()
	l := New(limit.Defaults, newClock().Now)
	good, other := phone(1, true), phone(2)
	l.often(Task, good, 200*crowdShare)
	l.often(Task, other, 200)
	l.Return(Task, good)
	if n := l.often(Task, other, 10); n != 0 {
		t.Errorf("%d of a session get the room that another kind gave back", n)
	}
	if n := l.often(Task, good, 10); n != 1 {
		t.Errorf("%d get the room of one that was given back", n)
	}
}
