package fleet

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// calls are workers of which each does something of its own.
type calls map[string]func(context.Context) error

func (c calls) Inspect(ctx context.Context, addr string, _ workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	return workerrpc.Inspected{Width: 1}, c[addr](ctx)
}

// A frozen worker keeps its connections, and the call would wait for it.
func TestAWorkerThatFallsSilentWhileItJudgesIsReplaced(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	frozen := func(ctx context.Context) error { // it was heard once; from now on the other is
		send(t, f, beat("good:1"))
		<-ctx.Done()
		return ctx.Err()
	}
	f.call = calls{"frozen:1": frozen, "good:1": func(context.Context) error { return nil }}
	send(t, f, beat("frozen:1"))
	send(t, f, beat("good:1"))
	until(t, f, "both are known", func(ws []Member) bool { return len(ws) == 2 })
	for range 8 { // until the frozen one was asked first
		began := time.Now()
		if got, err := f.Inspect(t.Context(), workerrpc.InspectRequest{}); err != nil || got.Width != 1 {
			t.Errorf("inspected %+v, %v", got, err)
		}
		if took := time.Since(began); took > heartbeatTTL+5*time.Second {
			t.Errorf("after %v", took)
		} else if took > time.Second {
			return
		}
	}
}

func TestWorkersThatNobodyReachesAreNotTriedForLong(t *testing.T) {
	t.Parallel()
	f := open(t, openEngine(t), nil)
	dialled := func(context.Context) error {
		<-time.After(2 * time.Second)
		return fault.New(fault.WorkerUnreachable)
	}
	f.call = calls{"w:1": dialled, "w:2": dialled, "w:3": dialled}
	for _, addr := range []string{"w:1", "w:2", "w:3"} {
		send(t, f, beat(addr))
	}
	until(t, f, "all are known", func(ws []Member) bool { return len(ws) == 3 })
	began := time.Now()
	_, err := f.Inspect(t.Context(), workerrpc.InspectRequest{})
	if took := time.Since(began); fault.CodeOf(err) != fault.NoWorkers || fault.As(err).RetryAfter == 0 || took > 5*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}
