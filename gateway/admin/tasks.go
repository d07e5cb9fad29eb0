package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	maxWait   = 25 // seconds
	lookEvery = 200 * time.Millisecond
)

// task shows a task, with ?after=VERSION&wait=SECONDS as soon as it is newer.
func (s *Server) task(r *http.Request) (any, error) {
	id, err := taskID(r)
	if err != nil {
		return nil, err
	}
	wait, err := number(r, "wait", 0, 0, maxWait)
	if err != nil {
		return nil, err
	}
	after, err := version(r)
	if err != nil {
		return nil, err
	}
	owner, err := s.deps.Queue.Find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	rec, err := s.await(r.Context(), owner, id, after, time.Duration(wait)*time.Second)
	if err != nil {
		return nil, err
	}
	return s.shown(rec), nil
}

// shown is a task as operators see it, and for what it waits.
func (s *Server) shown(rec *task.Record) operator.Task {
	t := operator.NewTask(rec, time.Now())
	t.WaitsFor = s.deps.Dispatch.Waits(rec)
	return t
}

func version(r *http.Request) (uint64, error) {
	raw := r.URL.Query().Get("after")
	if raw == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(raw, 10, 64)
	if err != nil {
		return 0, invalid("after", "must be a version")
	}
	return v, nil
}

// await reads a record again and again until it is newer than a version. A
// stream would cost less for thousands of readers; operators are few.
func (s *Server) await(ctx context.Context, owner task.SessionID, id task.ID, after uint64, wait time.Duration) (*task.Record, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		rec, err := s.lookup(ctx, owner, id)
		if err != nil || rec.Version > after || rec.State.Terminal() {
			return rec, err
		}
		select {
		case <-ctx.Done():
			return nil, fault.Wrap(fault.RequestCanceled, context.Cause(ctx))
		case <-end.C:
			return rec, nil
		case <-tick.C:
		}
	}
}

func (s *Server) lookup(ctx context.Context, owner task.SessionID, id task.ID) (*task.Record, error) {
	rec, _, err := s.deps.Queue.Lookup(ctx, owner, id)
	if err == nil && rec.Deleted {
		return nil, fault.New(fault.TaskNotFound)
	}
	return rec, err
}

func (s *Server) cancelTask(r *http.Request) (any, error) {
	id, err := taskID(r)
	if err != nil {
		return nil, err
	}
	e, err := edit(r, "task.cancel", string(id))
	if err != nil {
		return nil, err
	}
	owner, err := s.deps.Queue.Find(r.Context(), id)
	if err != nil {
		return nil, err
	}
	rec, err := s.lookup(r.Context(), owner, id)
	if err != nil {
		return nil, err
	}
	if rec.State.Terminal() {
		return nil, fault.New(fault.TaskFinished)
	}
	if e.DryRun {
		return s.shown(rec), nil
	}
	before := map[string]any{"state": rec.State, "stage": rec.Stage}
	if rec, err = s.deps.Intake.Cancel(r.Context(), owner, id); err != nil {
		return nil, err
	}
	_, err = s.deps.Policy.Note(r.Context(), e, before, map[string]any{"state": rec.State, "stage": rec.Stage})
	return s.shown(rec), err
}
