package run

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// slowly answers a write when the term has ended, as an engine far away does.
type slowly struct{ end context.CancelFunc }

func (s slowly) Write(ctx context.Context, _ *task.Record, expect uint64) (uint64, error) {
	s.end()
	return expect + 1, ctx.Err()
}

func (s slowly) Lookup(ctx context.Context, _ task.SessionID, _ task.ID) (*task.Record, uint64, error) {
	return nil, 0, ctx.Err()
}

type ends struct {
	Uncounted

	states []task.State
}

func (e *ends) Ended(r *task.Record) { e.states = append(e.states, r.State) }

// A leader that stops counts what it has written: nobody else will.
func TestATermThatEndsCountsTheLastRevisionThatItWrote(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	counted := new(ends)
	deps := &Deps{Records: slowly{end}, Tally: counted, Logger: slog.New(slog.DiscardHandler), Now: time.Now, Unsaved: &telemetry.SeldomOf{}}
	r := New(deps, nil, Task{Job: &task.Job{ID: "t"}, Record: &task.Record{ID: "t", State: task.Running}})
	if err := r.end(ctx, task.Failed, workerrpc.Outcome{}, task.Fail(fault.GenerationFailed)); err != nil {
		t.Errorf("not written: %v", err)
	}
	if len(counted.states) != 1 || counted.states[0] != task.Failed {
		t.Errorf("counted %v", counted.states)
	}
	if err := r.end(ctx, task.Failed, workerrpc.Outcome{}, nil); err == nil || len(counted.states) != 1 {
		t.Errorf("a term that has ended writes: %v, counted %v", err, counted.states)
	}
}
