package workerrpc

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// watchdog ends the context of a stream that has been silent for too long. The
// keepalive of the transport only proves that the worker's kernel answers; a
// heartbeat proves that the worker does.
type watchdog struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silence time.Duration
}

// watch starts a watchdog and the context that it ends.
func watch(ctx context.Context, silence time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{cancel: cancel, silence: silence}
	w.timer = time.AfterFunc(silence, func() { cancel(fault.New(fault.WorkerSilent)) })
	return ctx, w
}

// pat starts the time of silence again: a message has come.
func (w *watchdog) pat() { w.timer.Reset(w.silence) }

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}
