package engine

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// Bounds are how long one call to the engine may take, whatever the patience of
// its caller. Tests shorten them.
type Bounds struct {
	Read  time.Duration // one try of a read, which is repeated
	Write time.Duration // one try of a write: a disk may be slow
	Slow  time.Duration // a list, a purge, a change of a stream or a consumer
	Total time.Duration // a call with all its tries
}

// DefaultBounds leave a request room to answer within five seconds.
func DefaultBounds() Bounds {
	return Bounds{Read: time.Second, Write: 2 * time.Second, Slow: 4 * time.Second, Total: 4 * time.Second}
}

// The waits between two tries.
const (
	firstAgain = 25 * time.Millisecond
	lastAgain  = 400 * time.Millisecond
)

// bounded is what every call needs: its bounds, and the link that it is sent
// over.
type bounded struct {
	Bounds

	link *link
}

// try calls until it works, until an error is not one that again approves of,
// or until the bound of the whole call.
func try[T any](ctx context.Context, b bounded, one time.Duration, again func(error) bool, call func(context.Context) (T, error)) (v T, err error) {
	end := time.Now().Add(max(b.Total, one))
	for wait := firstAgain; ; wait = min(2*wait, lastAgain) {
		v, err = once(ctx, b, min(one, time.Until(end)), call)
		if err == nil || !again(err) || time.Until(end) <= wait || !tick.Wait(ctx, wait) {
			return v, err
		}
	}
}

// once calls one time. A call that has not returned at its bound is left: the
// client library cleans up after itself under a lock that it holds while it
// dials, which may take two seconds more.
func once[T any](ctx context.Context, b bounded, within time.Duration, call func(context.Context) (T, error)) (v T, err error) {
	if err := b.link.check(); err != nil {
		return v, err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answers := make(chan answer[T], 1)
	go func() {
		v, err := call(ctx)
		answers <- answer[T]{v, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
	}
	late := time.NewTimer(tidyWithin)
	defer late.Stop()
	select {
	case a := <-answers: // it says more than that time is over
		return a.value, a.err
	case <-late.C:
		return v, ctx.Err()
	}
}

// answer is what a call returned.
type answer[T any] struct {
	value T
	err   error
}

// tidyWithin is how long a call may clean up after its bound.
const tidyWithin = 20 * time.Millisecond

// done is try for calls that return nothing but an error.
func done(ctx context.Context, b bounded, one time.Duration, again func(error) bool, call func(context.Context) error) error {
	_, err := try(ctx, b, one, again, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}

// away reports whether the engine did not answer at all, or not yet. Asking
// again may help.
func away(err error) bool { return unsent(err) || timedOut(err) }

// unsent reports whether the engine surely did nothing: the call never reached
// it, or nobody there could take it.
func unsent(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Code == http.StatusServiceUnavailable
	}
	for _, lost := range []error{
		nats.ErrNoResponders, jetstream.ErrNoStreamResponse, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting,
		jetstream.ErrJetStreamNotEnabled,
	} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// timedOut reports whether it is not known what the engine did.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrDisconnected)
}
