package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// presenceLook is how often it is looked whether a client that waits is there.
const presenceLook = 500 * time.Millisecond

var errHungUp = errors.New("the client has hung up")

// whileThere ends a request's context when its client hangs up: it waits for an
// answer, and others wait behind it. The HTTP library looks at the connection only
// when it reads or writes.
func (c *call) whileThere(ctx context.Context) (there context.Context, stop func()) {
	conn, known := wire.From(ctx)
	there, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range tick.After(there, presenceLook) {
			if known && there.Err() == nil && conn.HungUp() {
				cancel(errHungUp)
			}
		}
	}()
	return there, func() {
		cancel(nil)
		<-ended
	}
}
