package workerrpc

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// watchdog ends a stream's context when nothing was heard for too long. A
// transport's keepalive only proves that a kernel answers; this proves that
// the worker's loop does.
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

// pat says that something was heard.
func (w *watchdog) pat() { w.timer.Reset(w.silence) }

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}
