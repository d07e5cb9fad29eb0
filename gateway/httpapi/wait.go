package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const maxWait = 25 * time.Second

// showTask answers with the task as it is, or waits for it to change.
func (s *Server) showTask(ctx context.Context, c *call, id task.ID) error {
	wait, err := c.waitFor()
	if err != nil {
		return err
	}
	soon, cancel := c.soon(ctx)
	defer cancel()
	r, err := s.deps.Intake.Get(soon, c.owner, id)
	if err != nil {
		return err
	}
	known := c.header("If-None-Match")
	if wait > 0 && !r.State.Terminal() && (known == "" || matches(known, taskTag(r, c.language))) {
		if r, err = s.changed(ctx, soon, r, wait); err != nil {
			return err
		}
	}
	c.set("Cache-Control", "private, no-cache")
	c.vary("Accept-Language")
	if c.unchanged(taskTag(r, c.language)) {
		return nil
	}
	return c.answer(http.StatusOK, s.taskDocument(r, c.language))
}

func (c *call) waitFor() (time.Duration, error) {
	raw := c.query("wait")
	if raw == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(raw, 64)
	if err != nil || !(seconds >= 0 && seconds <= maxWait.Seconds()) {
		return 0, fault.New(fault.InvalidQuery).At("wait", fault.FieldOutOfRange, "must be 0 to 25 seconds")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// waits reports whether the call asks to wait.
func (c *call) waits() bool {
	wait, err := c.waitFor()
	return err == nil && wait > 0
}

// changed waits for a revision that is newer than now, and returns now when
// none came in time, or when the engine is lost: nobody knows more then. A
// waiting request counts as a stream of the session.
func (s *Server) changed(ctx, soon context.Context, now *task.Record, wait time.Duration) (*task.Record, error) {
	permit, err := s.hub.Acquire(now.Session, s.deps.Policy.Limits().SessionStreams)
	if err != nil {
		return nil, err
	}
	defer permit.Release(hub.Finished)
	f, err := s.deps.Follow(soon, now.Session, now.ID, now.Version, true)
	if errors.Is(err, io.EOF) {
		return s.newest(ctx, now)
	}
	if err != nil {
		return unlessAway(nil, now, err)
	}
	defer f.Close()
	if r := f.Snapshot(); r != nil && r.Version != now.Version {
		return r, nil
	}
	if missed := f.Pending(); len(missed) > 0 {
		return missed[len(missed)-1], nil
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		select {
		case r, ok := <-f.C():
			if !ok {
				return s.newest(ctx, now)
			}
			if r.Deleted {
				return nil, fault.New(fault.TaskNotFound)
			}
			if r.Version > now.Version {
				return r, nil
			}
		case <-over.C:
			return now, nil
		case <-f.Lost():
			return now, nil
		case <-s.hub.Closing():
			return now, nil
		}
	}
}

// newest reads the task again. While the engine is away it is what is known.
func (s *Server) newest(ctx context.Context, now *task.Record) (*task.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	r, err := s.deps.Intake.Get(ctx, now.Session, now.ID)
	return unlessAway(r, now, err)
}

// unlessAway gives what is known instead of the failure of an engine that is
// away.
func unlessAway(r, known *task.Record, err error) (*task.Record, error) {
	if k := fault.KindOf(err); err != nil && (k == fault.Unavailable || k == fault.Timeout) {
		return known, nil
	}
	return r, err
}
