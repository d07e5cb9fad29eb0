package e2e_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// trouble is what a bad network does to one connection.
type trouble int

const (
	cuts     trouble = iota // both ends learn of it
	vanishes                // the gateway hears nothing any more, as when a phone loses its radio
	holds                   // nothing moves until the test says so
)

// incident is a trouble once so many bytes went up, over all connections.
type incident struct {
	after int64
	what  trouble
}

// flaky is a network between one client and a gateway.
type flaky struct {
	listener net.Listener
	held     chan struct{} // closed when the network holds
	released chan struct{} // closed by the test

	mu        sync.Mutex
	target    string // "" refuses connections
	up        int64  // bytes that clients sent
	incidents []incident
	hanging   []net.Conn // that the gateway still believes in
}

func newFlaky(t *testing.T, target string, incidents ...incident) *flaky {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &flaky{listener: l, target: target, incidents: incidents, held: make(chan struct{}), released: make(chan struct{})}
	var lanes sync.WaitGroup
	lanes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			lanes.Go(func() { f.carry(t.Context(), c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		f.mu.Lock()
		for _, c := range f.hanging {
			_ = c.Close()
		}
		f.mu.Unlock()
		lanes.Wait()
	})
	return f
}

func (f *flaky) url() string { return "http://" + f.listener.Addr().String() }

// lead sends new connections somewhere else, or nowhere.
func (f *flaky) lead(target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = target
}

func (f *flaky) sent() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up
}

// carry moves bytes both ways until something happens.
func (f *flaky) carry(ctx context.Context, client net.Conn) {
	f.mu.Lock()
	target := f.target
	f.mu.Unlock()
	gateway, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		reset(client)
		return
	}
	stop := context.AfterFunc(ctx, func() { _, _ = client.Close(), gateway.Close() })
	defer stop()
	var down sync.WaitGroup
	down.Go(func() {
		_, _ = io.Copy(client, gateway)
		_ = client.Close() // the gateway is done with it, or gone
	})
	if f.climb(client, gateway) == vanishes {
		reset(client)
		f.mu.Lock()
		f.hanging = append(f.hanging, gateway)
		f.mu.Unlock()
	} else {
		reset(client)
		reset(gateway)
	}
	down.Wait()
}

// climb moves what the client sends, until it ends or a trouble ends it.
func (f *flaky) climb(client, gateway net.Conn) trouble {
	buffer := make([]byte, 32<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			what, yes := f.count(int64(n))
			if yes && what == holds {
				close(f.held)
				<-f.released
			} else if yes {
				return what
			}
			if _, err := gateway.Write(buffer[:n]); err != nil {
				return cuts
			}
		}
		if err != nil {
			return cuts
		}
	}
}

// count says whether these bytes are too many for the network.
func (f *flaky) count(n int64) (trouble, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up += n
	if len(f.incidents) == 0 || f.up < f.incidents[0].after {
		return 0, false
	}
	next := f.incidents[0]
	f.incidents = f.incidents[1:]
	return next.what, true
}

// reset closes a connection as a network does that has had enough of it.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
