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
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silence time.Duration
}

func watch(ctx context.Context, silence time.Duration) *watchdog {
	w := &watchdog{silence: silence}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(silence, func() { w.cancel(fault.New(fault.Unavailable, CodeSilent)) })
	return w
}

// pat says that something was heard.
func (w *watchdog) pat() { w.timer.Reset(w.silence) }

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(context.Canceled)
}
