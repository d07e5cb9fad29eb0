package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// The client library holds a lock while it dials, and calls wait for it past
// the end of their context.
func TestACallThatDoesNotEndWithItsBoundIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bounded{Bounds: DefaultBounds(), link: new(link)}
		b.link.state.Store(linkUp)
		dialled := make(chan struct{})
		began := time.Now()
		_, err := try(t.Context(), b, b.Read, func(error) bool { return false }, func(context.Context) (int, error) {
			<-dialled
			return 0, nil
		})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > b.Read+tidyWithin {
			t.Errorf("after %v: %v", took, err)
		}
		close(dialled)
	})
}
