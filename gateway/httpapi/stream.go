package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// streamTask answers with a task's events. It takes the connection from the
// HTTP library: the library would keep a request's buffers and stack for an
// hour of waiting, would not notice a client that left, and would not drop one
// that does not read.
func (s *Server) streamTask(ctx context.Context, c *call) error {
	ctx, cancel := c.soon(ctx)
	defer cancel()
	id, err := c.readable(ctx)
	if err != nil {
		return err
	}
	f, permit, err := s.follow(ctx, c, id)
	if errors.Is(err, io.EOF) {
		return c.empty(http.StatusNoContent)
	}
	if err != nil {
		return err
	}
	src := &sseSource{source: s.newSource(c, f, "stream")}
	head := c.streamHead()
	first, next := src.begin(head)
	c.detach(func(conn net.Conn) { s.hub.Serve(permit, conn, first, next, src) })
	return nil
}

// follow starts a reader for a stream or a socket and counts it for its
// session. It returns io.EOF when the client has seen the task's end.
func (s *Server) follow(ctx context.Context, c *call, id task.ID) (Follower, *hub.Permit, error) {
	after, resume := c.resumeFrom()
	f, err := s.deps.Follow(ctx, c.owner, id, after, resume)
	if err != nil {
		return nil, nil, err
	}
	permit, err := s.hub.Acquire(c.owner, s.deps.Policy.Limits().SessionStreams)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, permit, nil
}

// resumeFrom reads the last event that a client has seen. With an id that is
// not one of ours the stream starts with a snapshot.
func (c *call) resumeFrom() (after uint64, resume bool) {
	raw := c.header("Last-Event-ID")
	if raw == "" {
		raw = c.query("after")
	}
	after, err := strconv.ParseUint(raw, 10, 63)
	return after, err == nil
}

// streamHead writes the head of the answer by hand. The body ends with the
// connection, so no chunk framing is needed.
func (c *call) streamHead() []byte {
	b := make([]byte, 0, 4<<10)
	b = append(b, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache, no-transform\r\n"+
		"X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n"...)
	b = fmt.Appendf(b, "Date: %s\r\nX-Request-Id: %s\r\n", time.Now().UTC().Format(http.TimeFormat), c.id)
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Vary"} {
		if v := c.answered(name); len(v) > 0 {
			b = fmt.Appendf(b, "%s: %s\r\n", name, v)
		}
	}
	return fmt.Appendf(b, "\r\nretry: %d\n\n", 1500+rand.IntN(1500))
}

// detach takes the connection when the HTTP library has let go of it.
func (c *call) detach(then func(net.Conn)) {
	c.detached = true
	c.conn.Detach(then)
	c.leave()
}

// sseSource frames a task's events as text/event-stream.
type sseSource struct{ *source }

// begin appends the snapshot and what was missed to buf.
func (s *sseSource) begin(buf []byte) ([]byte, hub.Next) {
	if r := s.follower.Snapshot(); r != nil {
		buf = frame(buf, r.Version, "snapshot", s.snapshot(r))
	}
	return s.append(buf, s.follower.Pending())
}

func (s *sseSource) Append(ctx context.Context, buf []byte, r *task.Record) ([]byte, hub.Next) {
	records, ok := s.accept(ctx, r)
	buf, next := s.append(buf, records)
	if !ok {
		next = hub.End
	}
	return buf, next
}

func (s *sseSource) append(buf []byte, records []*task.Record) ([]byte, hub.Next) {
	for _, r := range records {
		if r.Deleted {
			return buf, hub.End
		}
		buf = frame(buf, r.Version, string(r.Event), s.data(r))
		s.events++
		if r.State.Terminal() {
			return buf, hub.End
		}
	}
	return buf, hub.More
}

// frame writes one event. data is one line of JSON.
func frame(buf []byte, id uint64, event string, data []byte) []byte {
	buf = append(buf, "id: "...)
	buf = strconv.AppendUint(buf, id, 10)
	buf = append(append(append(buf, "\nevent: "...), event...), "\ndata: "...)
	return append(append(buf, data...), "\n\n"...)
}
