package wire

import (
	"context"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// The phases of a connection. The HTTP library does not announce them; they
// follow from the order of its calls. It sets the idle deadline when an answer
// is flushed, and the head deadline when the next request begins.
const (
	idle     int32 = iota // waiting for the first byte of a request
	head                  // the library reads a request that no handler has seen
	handling              // a handler runs and may read the body
	answered              // the handler is done; the answer goes out, a rest of the body may be skipped
	taken                 // hijacked or detached; nothing is inferred any more
)

const pieceBytes = 128 << 10 // one write deadline covers at most this much

// Conn is one client's connection.
type Conn struct {
	net.Conn
	l *Listener

	phase     atomic.Int32
	since     atomic.Int64 // when it became idle, or the last byte of a head came, in nanoseconds of Unix
	framing   framing
	pace      pace // of the body that is being read
	skipBytes int64
	cut       atomic.Bool // a newer request wants what the body is for
	unread    bool        // the client may still be sending a body nobody wants
	refused   bool        // our own answer has replaced the library's
	detached  func(net.Conn)
	released  bool // the library's closes mean nothing any more
}

type connKey struct{}

// With puts c into a context, so that handlers find it.
func With(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// From finds the connection that With put into ctx.
func From(ctx context.Context) (*Conn, bool) {
	c, ok := ctx.Value(connKey{}).(*Conn)
	return c, ok
}

// Begin says that a handler has the request now.
func (c *Conn) Begin() {
	c.pace, c.skipBytes, c.unread = pace{left: c.l.limits.BodyWindow}, 0, false
	c.cut.Store(false)
	c.phase.CompareAndSwap(head, handling)
}

// Interrupt makes the current or the next read of the body fail, because a newer
// request replaces this one. It may be called from another goroutine while the
// handler runs.
func (c *Conn) Interrupt() {
	c.cut.Store(true)
	_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
}

// Answered says that the handler is done. With unread, bytes of a body may
// still be on their way: they are not waited for.
func (c *Conn) Answered(unread Rest) {
	c.unread = unread == Unread
	if c.phase.CompareAndSwap(handling, answered) {
		_ = c.Conn.SetReadDeadline(time.Now().Add(c.l.limits.Linger))
	}
}

// Rest says whether a handler has read its request's body to the end.
type Rest bool

// The two cases of Rest.
const (
	Consumed Rest = false
	Unread   Rest = true
)

// Know says that a good token came over this connection, to whoever counts
// connections.
func (c *Conn) Know() {
	if counted, ok := c.Conn.(interface{ Know() }); ok {
		counted.Know()
	}
}

// Take hands the connection to a protocol that keeps its own time, such as
// WebSocket. Write deadlines stay.
func (c *Conn) Take() { c.phase.Store(taken) }

// Detach takes the connection away from the HTTP library: when the library
// closes it, it stays open and then is called with the naked connection, on a
// goroutine of its own.
func (c *Conn) Detach(then func(net.Conn)) {
	c.detached = then
	c.phase.Store(taken)
}

// Read keeps the limits of the phase.
func (c *Conn) Read(p []byte) (int, error) {
	phase := c.phase.Load()
	switch phase {
	case handling:
		if err := c.armBody(); err != nil {
			return 0, err
		}
	case answered:
		if c.skipBytes >= c.l.limits.Skip {
			return 0, os.ErrDeadlineExceeded
		}
	}
	began := time.Now()
	n, err := c.Conn.Read(p)
	switch {
	case phase == handling:
		c.pace.spent(c.l.limits, time.Since(began), n)
	case n == 0:
	case phase == idle:
		c.beginHead()
		c.framing.begin()
		return c.headBytes(p[:n], err)
	case phase == head:
		c.since.Store(time.Now().UnixNano())
		return c.headBytes(p[:n], err)
	case phase == answered:
		c.skipBytes += int64(n)
	}
	return n, err
}

func (c *Conn) beginHead() {
	if c.phase.CompareAndSwap(idle, head) {
		c.since.Store(time.Now().UnixNano())
	}
}

// headBytes lets bytes of a head pass, or answers in the library's stead.
func (c *Conn) headBytes(p []byte, err error) (int, error) {
	if !c.framing.ambiguous(p) {
		return len(p), err
	}
	if err := c.refuse(AmbiguousLength); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// armBody gives the next byte of a body its deadline: soon, and sooner when
// the body is slower than it may be.
func (c *Conn) armBody() error {
	patience := c.pace.patience(c.l.limits)
	if patience <= 0 {
		return os.ErrDeadlineExceeded
	}
	if err := c.Conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if c.cut.Load() { // it came before this deadline replaced its own
		return os.ErrDeadlineExceeded
	}
	return nil
}

// SetReadDeadline is how the HTTP library announces that an answer is flushed
// and that a next request begins.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.phase.CompareAndSwap(answered, idle) {
		c.since.Store(time.Now().UnixNano())
		c.unread = false
	} else {
		c.beginHead()
	}
	return c.Conn.SetReadDeadline(t)
}

// Write sends p in pieces, each with its own deadline. What the library writes
// before a handler saw the request is a plain-text error of its own; our answer
// is sent instead.
func (c *Conn) Write(p []byte) (int, error) {
	if c.phase.Load() == head && c.l.refusal != nil {
		return len(p), c.refuse(statusOf(p))
	}
	n := 0
	for n < len(p) {
		piece := p[n:min(n+pieceBytes, len(p))]
		if err := c.armWrite(); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(piece)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (c *Conn) armWrite() error {
	return c.Conn.SetWriteDeadline(time.Now().Add(c.l.limits.Write))
}

func (c *Conn) refuse(status int) error {
	if c.refused {
		return nil
	}
	c.refused, c.unread = true, true
	if err := c.armWrite(); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.l.refusal(status))
	return err
}

// statusOf reads the status of an HTTP/1.1 answer, 400 when there is none.
func statusOf(p []byte) int {
	const from, to = len("HTTP/1.1 "), len("HTTP/1.1 400")
	if len(p) < to {
		return 400
	}
	status := 0
	for _, d := range p[from:to] {
		if d < '0' || d > '9' {
			return 400
		}
		status = 10*status + int(d-'0')
	}
	return status
}

// ReadFrom sends a file without copying it through our memory where the
// system can, piece by piece like Write.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	var n int64
	for {
		if err := c.armWrite(); err != nil {
			return n, err
		}
		m, err := io.Copy(c.Conn, io.LimitReader(r, pieceBytes))
		n += m
		if err != nil || m < pieceBytes { // less than a piece is the last one
			return n, err
		}
	}
}

// Close ends the connection, unless it was detached. A client that is still
// sending gets a moment to read its answer: closing at once would reset the
// connection under it.
func (c *Conn) Close() error {
	if c.released {
		return nil
	}
	c.l.remove(c)
	if then := c.detached; then != nil {
		c.detached, c.released = nil, true
		_ = c.Conn.SetDeadline(time.Time{})
		go then(c.Conn)
		return nil
	}
	if c.unread {
		c.linger()
	}
	return c.Conn.Close()
}

func (c *Conn) linger() {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(c.l.limits.Linger))
	_, _ = io.CopyN(io.Discard, c.Conn, c.l.limits.LingerBytes)
}
