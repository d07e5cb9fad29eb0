package turns

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// someone is of a network of its own.
func someone(name string) Key { return Key{Lane: name, Network: name, Session: name} }

func flooder(session int) Key {
	return Key{Lane: "flood", Network: "flood", Session: fmt.Sprint("flood", session)}
}

// crowd takes turns of a second each, and writes down who went on.
type crowd struct {
	*Line
	all sync.WaitGroup

	mu   sync.Mutex
	went []string
	full []string
}

func newCrowd(room int, change func(*Config)) *crowd {
	c := Config{Room: func() int { return room }, Most: 100}
	if change != nil {
		change(&c)
	}
	return &crowd{Line: New(c)}
}

// come has one more wait, behind those that came before.
func (c *crowd) come(ctx context.Context, k Key, takes time.Duration) {
	c.all.Go(func() {
		giveBack, err := c.Take(ctx, k)
		c.mu.Lock()
		if errors.Is(err, ErrFull) {
			c.full = append(c.full, k.Session)
		}
		if err == nil {
			c.went = append(c.went, k.Session)
		}
		c.mu.Unlock()
		if err == nil {
			time.Sleep(takes) //nolint:forbidigo // no time passes in a bubble
			giveBack()
			giveBack() // once is enough
		}
	})
	synctest.Wait()
}

func TestAStrangerNeedNotWaitForAFlood(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]func(i int) Key{
		"of one session":  func(int) Key { return flooder(0) },
		"of one network":  flooder,
		"of one customer": func(i int) Key { return Key{Lane: "flood", Network: fmt.Sprint(i), Session: fmt.Sprint(i)} },
	} {
		for _, room := range []int{1, 2, 4} {
			t.Run(fmt.Sprint(name, " with room for ", room), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := newCrowd(room, nil)
					for i := range 14 {
						c.come(t.Context(), flood(i), 10*time.Second)
					}
					began := time.Now()
					done := time.Duration(0)
					c.all.Go(func() {
						giveBack, err := c.Take(t.Context(), someone("stranger"))
						if err != nil {
							t.Error(err)
							return
						}
						done = time.Since(began)
						giveBack()
					})
					c.all.Wait()
					if done > 10*time.Second || done > 0 && room > 1 && name != "of one customer" {
						t.Errorf("waited %v", done)
					}
					if len(c.went) != 14 {
						t.Errorf("%d of the flood went on", len(c.went))
					}
				})
			})
		}
	}
}

func TestSessionsOfOneNetworkTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, nil)
		for range 3 {
			c.come(t.Context(), Key{Lane: "hall", Network: "hall", Session: "a"}, time.Second)
		}
		c.come(t.Context(), Key{Lane: "hall", Network: "hall", Session: "b"}, time.Second)
		c.come(t.Context(), someone("stranger"), time.Second)
		c.all.Wait()
		if c.went[1] != "stranger" || !slices.Contains(c.went[:4], "b") {
			t.Errorf("went %v", c.went)
		}
	})
}

func TestWhoLeavesHasNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, nil)
		c.come(t.Context(), someone("first"), time.Second)
		ctx, leave := context.WithCancel(t.Context())
		c.come(ctx, someone("second"), time.Hour)
		c.come(t.Context(), someone("third"), time.Second)
		leave()
		began := time.Now()
		c.all.Wait()
		if took := time.Since(began); took != 2*time.Second || c.Waiting() != 0 || len(c.waiting.of)+len(c.going.of)+len(c.places) != 0 {
			t.Errorf("took %v; left behind: %d", took, c.Waiting())
		}
	})
}

func TestAFloodDoesNotFillTheQueueForOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Config)
		flood  func(i int) Key
	}{
		"a session's bound": {func(c *Config) { c.PerSession = 4 }, func(int) Key { return flooder(0) }},
		"a network's bound": {func(c *Config) { c.PerNetwork = 4 }, flooder},
		"places are taken":  {func(c *Config) { c.Most = 6 }, flooder},
		"from a customer": {func(c *Config) { c.Most = 6 }, func(i int) Key {
			return Key{Lane: "flood", Network: fmt.Sprint(i), Session: fmt.Sprint(i)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				crowd := newCrowd(1, c.change)
				for i := range 20 {
					crowd.come(t.Context(), c.flood(i), time.Second)
				}
				refused := len(crowd.full)
				for i := range 3 {
					crowd.come(t.Context(), someone(fmt.Sprint("stranger", i)), time.Second)
				}
				crowd.all.Wait()
				for i := range 3 {
					if !slices.Contains(crowd.went, fmt.Sprint("stranger", i)) {
						t.Errorf("stranger %d found no place: %v", i, crowd.full)
					}
				}
				if refused == 0 || len(crowd.went)+len(crowd.full) != 23 {
					t.Errorf("went %v, refused %v", crowd.went, crowd.full)
				}
			})
		})
	}
}

func TestNobodyIsDisplacedByOneWhoHasAsMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(1, func(c *Config) { c.Most = 2 })
		for _, name := range []string{"a", "b", "c", "d"} {
			c.come(t.Context(), someone(name), time.Second)
		}
		c.all.Wait()
		if !slices.Equal(c.full, []string{"d"}) {
			t.Errorf("refused %v", c.full)
		}
	})
}

// A gateway that does not tell who asks has its turns all the same.
func TestAnEmptyKeyIsNotBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(4, nil)
		for range 8 {
			c.come(t.Context(), Key{}, time.Second)
		}
		began := time.Now()
		c.all.Wait()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
