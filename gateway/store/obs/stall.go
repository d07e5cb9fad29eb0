package obs

import (
	"context"
	"errors"
	"io"
	"time"
)

// stallWithin is how long a transfer may stand still.
const stallWithin = 4 * time.Second

var errStalled = errors.New("the bucket takes or gives no bytes")

// moving ends a context when no byte has moved for a while.
type moving struct {
	timer *time.Timer
	stop  context.CancelCauseFunc
	every time.Duration
}

func watched(ctx context.Context, within time.Duration) (context.Context, *moving) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &moving{timer: time.AfterFunc(within, func() { cancel(errStalled) }), stop: cancel, every: within}
}

// sent counts what is read from r as moved.
func (m *moving) sent(r io.Reader) io.Reader { return moved{m, r} }

func (m *moving) end() {
	m.timer.Stop()
	m.stop(nil)
}

type moved struct {
	m *moving
	r io.Reader
}

func (b moved) Read(p []byte) (int, error) {
	b.m.timer.Reset(b.m.every)
	return b.r.Read(p)
}
