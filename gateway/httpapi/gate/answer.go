package gate

import (
	"io"
	"net"
	"time"
)

const (
	answersAtOnce = 32 // connections beyond Most that are open for their answer
	answerWithin  = time.Second
	goodbye       = 500 * time.Millisecond
	headBytes     = 16 << 10
)

// turnAway answers a connection beyond Most and closes it. A crowd of them is
// closed without an answer, so that turning away costs little.
func (l *Listener) turnAway(c *net.TCPConn) {
	if l.c.Answer == nil {
		_ = c.Close()
		return
	}
	select {
	case l.answering <- struct{}{}:
		go func() {
			defer func() { <-l.answering }()
			defer func() { _ = c.Close() }()
			l.answer(c)
		}()
	default:
		_ = c.Close()
	}
}

// answer waits for the request, and then until its answer was read: a
// connection that is closed with bytes unread is reset, and its answer lost.
func (l *Listener) answer(c *net.TCPConn) {
	_ = c.SetDeadline(time.Now().Add(answerWithin))
	if n, err := c.Read(make([]byte, headBytes)); n == 0 && err != nil {
		return
	}
	if _, err := c.Write(l.c.Answer()); err != nil || c.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(goodbye))
	_, _ = io.CopyN(io.Discard, c, headBytes)
}
