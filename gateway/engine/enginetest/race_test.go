package enginetest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Between the nodes of a cluster a write is on its way for a while. Who writes
// meanwhile has lost a race, and does not face an engine that is away.
func TestManyWritersOfOneKeyAllGetTheirTurn(t *testing.T) {
	t.Parallel()
	const writers, turns = 8, 5
	c := enginetest.OpenCluster(t)
	e := c.Engine(t)
	b := bucketOf(t, e)
	c.Settle(t)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for turn := range turns {
				_, err := b.Update(t.Context(), "k", func(old []byte) ([]byte, time.Duration, error) {
					return append(old, '.'), 0, nil
				})
				if err != nil {
					t.Errorf("writer %d, turn %d: %v", w, turn, err)
				}
			}
		})
	}
	all.Wait()
	got, err := b.Get(t.Context(), "k")
	if err != nil || len(got.Value) != writers*turns {
		t.Errorf("%d writes are left of %d, %v", len(got.Value), writers*turns, err)
	}
}

// Of many who want to be the first, one is.
func TestOneOfManyIsTheFirst(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	e := c.Engine(t)
	b := bucketOf(t, e)
	c.Settle(t)
	errs := make([]error, 16)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = b.Put(t.Context(), "k", fmt.Append(nil, i), 0, 0) })
	}
	all.Wait()
	first := 0
	for _, err := range errs {
		switch {
		case err == nil:
			first++
		case fault.KindOf(err) != fault.Conflict:
			t.Error(err)
		}
	}
	if first != 1 {
		t.Errorf("%d were the first", first)
	}
}
