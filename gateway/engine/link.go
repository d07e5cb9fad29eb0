package engine

import (
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// lost is what the client library calls reconnecting, in an operator's words.
type lost struct{}

// Error implements error.
func (lost) Error() string { return "the connection to the engine is lost" }

// Unwrap is what the client library calls it.
func (lost) Unwrap() error { return nats.ErrConnectionReconnecting }

// link knows whether the connection stands. The client library does not say so
// while it dials: whatever asks it waits for as long as a dial takes.
type link struct {
	state  atomic.Int32
	made   atomic.Uint64 // how often the connection was made again
	gone   chan struct{} // closed with the connection
	events chan nats.Status
	tell   func(up bool, down time.Duration)
	lost   time.Time // only follow knows
}

// The states of a link.
const (
	linkDown int32 = iota
	linkUp
	linkClosed
)

const linkCheck = time.Second // a missed event is made up for

// newLink follows a connection until it is closed, and tells when it is lost
// and when it is back.
func newLink(c *nats.Conn, tell func(up bool, down time.Duration)) *link {
	l := &link{gone: make(chan struct{}), events: c.StatusChanged(), tell: tell}
	if c.IsConnected() {
		l.state.Store(linkUp)
	}
	go l.follow(c)
	return l
}

func (l *link) follow(c *nats.Conn) {
	check := time.NewTicker(linkCheck)
	defer check.Stop()
	for l.state.Load() != linkClosed {
		select {
		case s := <-l.events:
			l.set(s)
		case <-check.C:
			if s := c.Status(); len(l.events) == 0 {
				l.set(s)
			}
		}
	}
}

func (l *link) set(s nats.Status) {
	switch s {
	case nats.CONNECTED:
		if l.state.Load() == linkDown {
			l.made.Add(1) // first: whoever sees the link up knows that it was down
			if !l.lost.IsZero() {
				l.tell(true, time.Since(l.lost))
				l.lost = time.Time{}
			}
		}
		l.state.Store(linkUp)
	case nats.CLOSED:
		if l.state.Swap(linkClosed) != linkClosed {
			close(l.gone)
		}
	case nats.DISCONNECTED, nats.RECONNECTING, nats.CONNECTING:
		if l.state.Swap(linkDown) == linkUp {
			l.lost = time.Now()
			l.tell(false, 0)
		}
	case nats.DRAINING_SUBS, nats.DRAINING_PUBS: // nobody drains
	}
}

// check is nil while the connection stands. An event that was not looked at
// yet counts as a break.
func (l *link) check() error {
	switch state := l.state.Load(); {
	case state == linkClosed:
		return nats.ErrConnectionClosed
	case state == linkDown, len(l.events) > 0:
		return lost{}
	}
	return nil
}

// Connected reports whether the connection to the engine stands. It never
// waits.
func (e *Engine) Connected() bool { return e.link.check() == nil }

// Reconnects counts how often the connection was lost and made again. The
// engine may have started again meanwhile: revisions of a memory bucket that
// were read before a reconnect mean nothing after it.
func (e *Engine) Reconnects() uint64 { return e.link.made.Load() }

// Tell sends a message that no stream keeps to whoever listens now. It never
// waits for the engine.
func (e *Engine) Tell(subject string, data []byte) error {
	if err := e.link.check(); err != nil {
		return Classify(err)
	}
	return Classify(e.conn.Publish(subject, data))
}

func (e *Engine) connected() error { return Classify(e.link.check()) }
