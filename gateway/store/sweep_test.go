package store_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
)

// sweeper writes down what it was asked to sweep.
type sweeper struct {
	store.Driver
	ages, raw []time.Duration
}

func (s *sweeper) Sweep(_ context.Context, before time.Time) (int, error) {
	s.ages = append(s.ages, time.Since(before))
	return 0, nil
}

func (s *sweeper) SweepRaw(_ context.Context, before time.Time) (int, error) {
	s.raw = append(s.raw, time.Since(before))
	return 0, nil
}

func TestTheSweeperKeepsPaceWithTheRetention(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		retention, every, age time.Duration
		raw                   []time.Duration
	}{
		{24 * time.Hour, 10 * time.Minute, 24*time.Hour + 10*time.Minute, slices.Repeat([]time.Duration{70 * time.Minute}, 3)},
		{10 * time.Second, time.Second, 11 * time.Second, nil}, // they go with the others
	} {
		synctest.Test(t, func(t *testing.T) {
			driver, conf := &sweeper{}, config()
			conf.Retention, conf.RawKept = c.retention, time.Hour
			s, err := store.New(conf, store.Deps{Driver: driver, Keys: ring{"secret"}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*c.every+c.every/2)
			defer cancel()
			_ = s.Run(ctx)
			if len(driver.ages) != 3 || driver.ages[0] != c.age { // at once, and after each interval
				t.Errorf("retention %v: swept what is older than %v, want thrice %v", c.retention, driver.ages, c.age)
			}
			if !slices.Equal(driver.raw, c.raw) {
				t.Errorf("retention %v: swept raw photos older than %v, want %v", c.retention, driver.raw, c.raw)
			}
		})
	}
}
