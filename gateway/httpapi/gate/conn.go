package gate

import (
	"net"
	"net/netip"
	"sync/atomic"
)

// The states of a connection.
const (
	stranger int32 = iota // has shown no good token; its address is charged for it
	known                 // has shown one
	closed
)

// Conn is a connection that counts until it is closed. It has everything else
// of a TCP connection, so that files are sent without a copy.
type Conn struct {
	*net.TCPConn

	l     *Listener
	from  netip.Addr // charged for it; the zero one is nobody
	state atomic.Int32
}

// Know says that a good token came over this connection: from now on its
// address is not charged for it.
func (c *Conn) Know() {
	if c.state.CompareAndSwap(stranger, known) {
		c.discharge()
	}
}

func (c *Conn) discharge() {
	c.l.unknown.Add(-1)
	c.l.addresses.leave(c.from)
}

// Close closes the connection; closed again, it counts no less.
func (c *Conn) Close() error {
	switch c.state.Swap(closed) {
	case stranger:
		c.discharge()
		c.l.open.Add(-1)
	case known:
		c.l.open.Add(-1)
	}
	return c.TCPConn.Close()
}
