package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hertz-contrib/websocket"

	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	pingEvery     = 12 * time.Second
	pongWithin    = 3 * pingEvery
	closeWithin   = 500 * time.Millisecond
	maxFrameBytes = 1 << 10 // clients have nothing to say
)

// message is one text frame.
type message struct {
	ID    string          `json:"id"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// socketTask sends a task's events over a WebSocket.
func (s *Server) socketTask(ctx context.Context, c *call) error {
	ctx, cancel := c.soon(ctx)
	defer cancel()
	id, err := c.readable(ctx)
	if err != nil {
		return err
	}
	if c.query("ticket") == "" && !c.originAllowed() {
		return fault.New(fault.OriginRefused)
	}
	if !strings.EqualFold(c.header("Upgrade"), "websocket") {
		c.set("Upgrade", "websocket")
		return fault.New(fault.UpgradeRequired)
	}
	f, permit, err := s.follow(ctx, c, id)
	if errors.Is(err, io.EOF) {
		f, permit, err = nil, nil, nil // the end was seen: connect, say nothing, close
	}
	if err != nil {
		return err
	}
	var src *source
	if f != nil {
		src = s.newSource(c, f, "socket")
	}
	err = c.upgrade(func(conn *websocket.Conn) { s.talk(conn, src, permit) })
	if err != nil {
		if f != nil {
			f.Close()
			permit.Release(hub.Finished)
		}
		return fault.Wrap(fault.UpgradeRequired, err)
	}
	c.detached = true
	c.conn.Take()
	return nil
}

// originAllowed keeps foreign pages from opening sockets. A good ticket is
// right enough: only its owner's pages have it. Clients that are no browsers
// send no Origin. The Host header is of the caller's making, so it counts only
// while neither http.publicUrl nor http.corsOrigins says who may.
func (c *call) originAllowed() bool {
	origin := c.header("Origin")
	if origin == "" || c.s.allowsOrigin(origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if public, err := url.Parse(c.s.config.PublicURL); err == nil && public.Host != "" {
		return strings.EqualFold(u.Host, public.Host) && strings.EqualFold(u.Scheme, public.Scheme)
	}
	return len(c.s.config.CORSOrigins) == 0 && strings.EqualFold(u.Host, c.host())
}

// talk runs one socket until its end. This goroutine writes; another reads, to
// notice pongs and closes.
func (s *Server) talk(conn *websocket.Conn, src *source, permit *hub.Permit) {
	why := hub.Finished
	gone := make(chan struct{})
	go listen(conn, gone)
	if src != nil {
		why = s.say(conn, src, gone)
		src.Close(why)
		permit.Release(why)
	}
	code, text := websocket.CloseNormalClosure, ""
	if why == hub.Stopping {
		code, text = websocket.CloseGoingAway, "the gateway stops; connect again"
	}
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	hangUp(conn, gone)
	_ = conn.Close()
}

// hangUp gives the client a moment to close its side, and returns when the
// reading goroutine has ended. The HTTP library takes conn back as soon as talk
// returns; a goroutine that still used it would crash the process. The deadline
// is set again and again because a late pong moves it.
func hangUp(conn *websocket.Conn, gone <-chan struct{}) {
	wait := time.NewTicker(closeWithin)
	defer wait.Stop()
	for {
		select {
		case <-gone:
			return
		case <-wait.C:
			_ = conn.SetReadDeadline(time.Now())
		}
	}
}

func listen(conn *websocket.Conn, gone chan<- struct{}) {
	defer close(gone)
	conn.SetReadLimit(maxFrameBytes)
	_ = conn.SetReadDeadline(time.Now().Add(pongWithin))
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(pongWithin)) })
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}

func (s *Server) say(conn *websocket.Conn, src *source, gone <-chan struct{}) hub.Reason {
	if r := src.follower.Snapshot(); r != nil && !s.send(conn, r, "snapshot", src.snapshot(r)) {
		return hub.Slow
	}
	if why, over := s.sendAll(conn, src, src.follower.Pending()); over {
		return why
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case r, ok := <-src.Events():
			if !ok {
				return hub.Slow
			}
			records, ok := src.accept(context.Background(), r)
			if why, over := s.sendAll(conn, src, records); over {
				return why
			}
			if !ok {
				return hub.Finished
			}
		case <-ping.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
				return hub.Slow
			}
		case <-gone:
			return hub.Left
		case <-s.hub.Closing():
			return hub.Stopping
		}
	}
}

func (s *Server) sendAll(conn *websocket.Conn, src *source, records []*task.Record) (hub.Reason, bool) {
	for _, r := range records {
		if r.Deleted {
			return hub.Finished, true
		}
		if !s.send(conn, r, string(r.Event), src.data(r)) {
			return hub.Slow, true
		}
		src.events++
		if r.State.Terminal() {
			return hub.Finished, true
		}
	}
	return hub.Finished, false
}

func (s *Server) send(conn *websocket.Conn, r *task.Record, event string, data []byte) bool {
	m := mustJSON(message{ID: strconv.FormatUint(r.Version, 10), Event: event, Data: data})
	return conn.WriteMessage(websocket.TextMessage, m) == nil
}
