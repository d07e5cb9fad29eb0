package hub

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestStreamsMoveOnOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const most, over = 100, 500 * time.Millisecond
	h := New(Defaults(), alone{}, nil)
	var open []*stream
	for range most {
		s := &stream{wake: make(chan signal, 1)}
		h.streams[s] = struct{}{}
		open = append(open, s)
	}
	open[0].wake <- heartbeatDue // it was not taken yet
	done := make(chan struct{})
	go func() { defer close(done); h.Leave(t.Context(), over) }()
	between := false
	for running := true; running; {
		moved := 0
		for _, s := range open[1:] {
			moved += len(s.wake)
		}
		between = between || moved > most/10 && moved < most*9/10
		select {
		case <-done:
			running = false
		default:
		}
	}
	for i, s := range open {
		select {
		case sig := <-s.wake:
			if sig != moveOn {
				t.Errorf("stream %d has signal %d", i, sig)
			}
		default:
			t.Errorf("stream %d was not told", i)
		}
	}
	if !between {
		t.Error("all moved on at once")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	h.Leave(ended, time.Hour) // returns
}

// alone is one gateway without others.
type alone struct{}

func (alone) Holds(task.SessionID, int64) int64 { return 0 }
