package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// ErrEnded says that nothing can follow the event that was asked for: it was
// the terminal one.
var ErrEnded = errors.New("stream has ended")

// errSilent ends a stream that has stopped talking, heartbeats included.
var errSilent = errors.New("stream is silent")

// Stream is one connection to a task's events. Close it.
type Stream struct {
	body   io.ReadCloser
	events *decoder
	stop   context.CancelCauseFunc
	watch  *time.Timer
	ended  func() error // why the connection was given up, nil if it was not
}

// Stream opens a task's events after an event id, "" for a fresh stream. When
// nothing can follow that id, the error is ErrEnded.
func (s *Session) Stream(ctx context.Context, id task.ID, after string) (*Stream, error) {
	return s.client.stream(ctx, path(id)+"/stream", s.Token(), after)
}

// OpenStream opens the events behind a link that carries its own ticket.
func (c *Client) OpenStream(ctx context.Context, link, after string) (*Stream, error) {
	return c.stream(ctx, link, "", after)
}

func (c *Client) stream(ctx context.Context, url, token, after string) (*Stream, error) {
	ctx, stop := context.WithCancelCause(ctx)
	h := http.Header{"Accept": {"text/event-stream"}}
	if after != "" {
		h.Set("Last-Event-ID", after)
	}
	watch := time.AfterFunc(c.config.Silence, func() { stop(errSilent) })
	r, err := c.send(ctx, call{method: http.MethodGet, url: url, token: token, header: h}, nil)
	if err == nil && r.StatusCode == http.StatusNoContent {
		finish(r)
		err = ErrEnded
	} else if err == nil && r.StatusCode != http.StatusOK {
		err = readProblem(r)
		finish(r)
	}
	if err != nil {
		watch.Stop()
		stop(nil)
		return nil, err
	}
	st := &Stream{body: r.Body, stop: stop, watch: watch, ended: func() error { return context.Cause(ctx) }}
	st.events = newDecoder(&heard{r: r.Body, watch: watch, silence: c.config.Silence})
	return st, nil
}

// heard resets the watchdog with every byte, heartbeats included.
type heard struct {
	r       io.Reader
	watch   *time.Timer
	silence time.Duration
}

// Read implements io.Reader.
func (h *heard) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if n > 0 {
		h.watch.Reset(h.silence)
	}
	return n, err
}

// Next returns the next event; io.EOF when the server closed the stream.
func (s *Stream) Next() (Event, error) {
	e, err := s.events.next()
	if err != nil && s.ended() != nil {
		return e, s.ended()
	}
	return e, err
}

// Close ends the connection. It may be called twice.
func (s *Stream) Close() {
	s.watch.Stop()
	s.stop(nil)
	_ = s.body.Close()
}

// Follow yields a task's events until the terminal one, over as many
// connections as it takes: a lost one is resumed after the last event seen.
// Events are not filtered, so that a check sees what the server repeats. An
// error is the last pair: a refusal, or the end of ctx.
func (s *Session) Follow(ctx context.Context, id task.ID, after string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		f := follower{session: s, id: id, last: after, backoff: s.client.config.MinBackoff}
		for failures := 0; ; failures++ {
			before := f.last
			done, err := f.connection(ctx, yield)
			if done {
				return
			}
			if f.last != before {
				failures, f.backoff = 0, s.client.config.MinBackoff
			}
			wait, again := s.client.wait(err, f.backoff)
			if !again || failures+1 >= s.client.config.Attempts || ctx.Err() != nil {
				yield(Event{}, err)
				return
			}
			if !tick.Wait(ctx, wait) {
				yield(Event{}, context.Cause(ctx))
				return
			}
			f.backoff = min(2*f.backoff, s.client.config.MaxBackoff)
		}
	}
}

type follower struct {
	session *Session
	id      task.ID
	last    string
	backoff time.Duration
}

// connection yields the events of one connection. done means that the last event
// was there, or that the caller stopped.
func (f *follower) connection(ctx context.Context, yield func(Event, error) bool) (done bool, err error) {
	st, err := f.session.Stream(ctx, f.id, f.last)
	if err != nil {
		return errors.Is(err, ErrEnded), err
	}
	defer st.Close()
	for {
		e, err := st.Next()
		if err != nil {
			return false, err
		}
		if e.ID != "" {
			f.last = e.ID
		}
		if !yield(e, nil) || e.Terminal() {
			return true, nil
		}
	}
}
