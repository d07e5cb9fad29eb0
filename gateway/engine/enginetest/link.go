package enginetest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// Link is a network between clients and one server, for a test to break. It
// carries any protocol over TCP.
type Link struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	state linkState
	turn  chan struct{} // closed at the next change of state
	ends  map[net.Conn]bool
}

type linkState int

const (
	whole linkState = iota
	cut             // connections break, new ones are refused
	deaf            // connections stay, new ones are taken, and nothing moves
	mute            // what the server says is held back
)

// OpenLink leads to target, a "host:port".
func OpenLink(t *testing.T, target string) *Link {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &Link{listener: l, target: target, turn: make(chan struct{}), ends: map[net.Conn]bool{}}
	var lanes sync.WaitGroup
	lanes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			lanes.Go(func() { k.carry(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		k.Cut()
		lanes.Wait()
	})
	return k
}

// Addr is where clients connect to.
func (k *Link) Addr() string { return k.listener.Addr().String() }

// Cut breaks all connections and refuses new ones.
func (k *Link) Cut() { k.become(cut) }

// Deafen lets connections stay, and takes new ones, but nothing arrives on
// either side any more.
func (k *Link) Deafen() { k.become(deaf) }

// Mute lets the server hear everything, and nothing of what it says arrives.
func (k *Link) Mute() { k.become(mute) }

// Mend makes the link whole again. What was held back arrives.
func (k *Link) Mend() { k.become(whole) }

func (k *Link) become(s linkState) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = s
	close(k.turn)
	k.turn = make(chan struct{})
	if s != cut {
		return
	}
	for c := range k.ends {
		_ = c.Close()
	}
}

// hold notes an end of a connection, and closes it when the link is cut.
func (k *Link) hold(c net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == cut {
		_ = c.Close()
		return false
	}
	k.ends[c] = true
	return true
}

func (k *Link) release(c net.Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = c.Close()
	delete(k.ends, c)
}

// way is a direction on the link.
type way int

const (
	there way = iota // to the server
	back
)

// open waits until bytes may move and reports false when the link is cut.
func (k *Link) open(w way) bool {
	for {
		k.mu.Lock()
		state, turn := k.state, k.turn
		k.mu.Unlock()
		if state != deaf && (state != mute || w == there) {
			return state != cut
		}
		<-turn
	}
}

func (k *Link) carry(client net.Conn) {
	if !k.hold(client) {
		return
	}
	defer k.release(client)
	if !k.open(there) {
		return
	}
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", k.target)
	if err != nil || !k.hold(server) {
		return
	}
	defer k.release(server)
	var ways sync.WaitGroup
	ways.Go(func() { k.pass(server, client, there) })
	ways.Go(func() { k.pass(client, server, back) })
	ways.Wait()
}

// pass copies from one end to the other until either ends.
func (k *Link) pass(to, from net.Conn, w way) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !k.open(w) {
			break
		}
		if n > 0 {
			if _, werr := to.Write(buf[:n]); werr != nil {
				break
			}
		}
		if err == io.EOF { //nolint:errorlint // Read returns it bare
			if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
				return
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
	_ = from.Close()
}
