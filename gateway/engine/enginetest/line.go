package enginetest

import (
	"context"
	"net"
	"sync"
	"testing"
)

// Line carries connections to an engine and can go bad on the way.
type Line struct {
	addr string

	mu    sync.Mutex
	there gate // towards the engine
	back  gate
	cut   bool
	conns map[net.Conn]struct{}
}

// gate holds what would pass while it is closed. Nil is open.
type gate chan struct{}

// NewLine begins to carry connections to addr.
func NewLine(t *testing.T, addr string) *Line {
	t.Helper()
	at, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{addr: at.Addr().String(), conns: make(map[net.Conn]struct{})}
	go l.accept(at, addr)
	t.Cleanup(func() {
		_ = at.Close()
		l.Cut()
		l.set(nil, nil)
	})
	return l
}

// Addr is what to dial instead of the engine.
func (l *Line) Addr() string { return l.addr }

// Deafen holds every byte in both directions, as an engine does that is
// stopped: it acts on all of them when it goes on.
func (l *Line) Deafen() { c := make(gate); l.set(c, c) }

// Mute holds what the engine answers.
func (l *Line) Mute() { l.set(nil, make(gate)) }

// Cut breaks every connection, drops what is held, and lets no new one in.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		_ = c.Close()
	}
	clear(l.conns)
}

// Mend ends Deafen, Mute and Cut.
func (l *Line) Mend() {
	l.set(nil, nil)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

func (l *Line) set(there, back gate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for old := range map[gate]struct{}{l.there: {}, l.back: {}} {
		if old != nil {
			close(old)
		}
	}
	l.there, l.back = there, back
}

func (l *Line) gates() (there, back gate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.there, l.back
}

func (l *Line) accept(at net.Listener, addr string) {
	for {
		from, err := at.Accept()
		if err != nil {
			return
		}
		to, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
		if err != nil {
			_ = from.Close()
			continue
		}
		if !l.enter(from, to) {
			_, _ = from.Close(), to.Close()
			continue
		}
		go carry(to, from, func() gate { there, _ := l.gates(); return there })
		go carry(from, to, func() gate { _, back := l.gates(); return back })
	}
}

func (l *Line) enter(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = struct{}{}
	}
	return !l.cut
}

// carry ends with either connection.
func carry(to, from net.Conn, held func() gate) {
	defer func() { _, _ = from.Close(), to.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		for g := held(); g != nil; g = held() {
			<-g
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}
