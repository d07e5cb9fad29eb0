package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/peer"
)

// Refusal renders a whole HTTP answer for a request that the HTTP library
// could not read; status is what the library wanted to say.
type Refusal func(status int) []byte

// AmbiguousLength stands for a status: the head says twice how long the body
// is.
const AmbiguousLength = -1

// Listener accepts connections that keep Limits.
type Listener struct {
	net.Listener
	limits  Limits
	refusal Refusal

	mu     sync.Mutex
	conns  map[*Conn]struct{}
	closed chan struct{}
	once   sync.Once
}

// Listen binds address, see Bind, and accepts on it.
func Listen(ctx context.Context, address string, limits Limits, refusal Refusal) (*Listener, error) {
	inner, err := Bind(ctx, address)
	if err != nil {
		return nil, err
	}
	return On(inner, limits, refusal), nil
}

// Bind binds address. A port that is taken is an error that says so.
func Bind(ctx context.Context, address string) (net.Listener, error) {
	inner, err := peer.Listen(ctx, address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("http.listen: %s is in use by another program: %w", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("http.listen: cannot listen on %s: %w", address, err)
	}
	return inner, nil
}

// On accepts on a listener that is bound already.
func On(inner net.Listener, limits Limits, refusal Refusal) *Listener {
	return &Listener{
		Listener: inner, limits: limits, refusal: refusal,
		conns: make(map[*Conn]struct{}), closed: make(chan struct{}),
	}
}

// Accept waits for the next connection. It waits and tries again after failures
// that pass, such as too many open files, which would otherwise end the server.
func (l *Listener) Accept() (net.Conn, error) {
	pause := 5 * time.Millisecond
	for {
		raw, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil:
			if !l.wait(pause) {
				return nil, net.ErrClosed
			}
			pause = min(2*pause, time.Second)
			continue
		}
		return l.take(raw), nil
	}
}

func (l *Listener) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.closed:
		return false
	}
}

func (l *Listener) take(raw net.Conn) *Conn {
	now := time.Now()
	c := &Conn{Conn: raw, l: l}
	c.since.Store(now.UnixNano())
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	_ = raw.SetReadDeadline(now.Add(l.limits.Head))
	return c
}

func (l *Listener) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// Len counts the open connections that have not been detached.
func (l *Listener) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// Close stops accepting. Open connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// CloseIdle closes the connections that are between requests: a shutdown need
// not wait for them.
func (l *Listener) CloseIdle() { l.closeIf(func(c *Conn) bool { return c.phase.Load() == idle }) }

// Shed closes connections that have been idle for a while, or began a request
// and do not go on with it: so many at most. It says how many it closed. (The
// library waits for the first bytes of a body, too, before a handler sees the
// request.)
func (l *Listener) Shed(most int) int {
	before := time.Now().Add(-l.limits.Shed).UnixNano()
	found := make([]*Conn, 0, most)
	l.mu.Lock()
	for c := range l.conns { // which begins anywhere, so that nobody is chosen
		if len(found) == most {
			break
		}
		phase := c.phase.Load()
		if phase <= head && c.since.Load() <= before && c.phase.CompareAndSwap(phase, taken) { // so that it is found once
			found = append(found, c)
		}
	}
	l.mu.Unlock()
	closeEach(found)
	return len(found)
}

// CloseAll closes every connection, whatever it is doing.
func (l *Listener) CloseAll() { l.closeIf(func(*Conn) bool { return true }) }

func (l *Listener) closeIf(match func(*Conn) bool) {
	l.mu.Lock()
	var found []*Conn
	for c := range l.conns {
		if match(c) {
			found = append(found, c)
		}
	}
	l.mu.Unlock()
	closeEach(found)
}

func closeEach(conns []*Conn) {
	for _, c := range conns {
		_ = c.Conn.Close()
	}
}
