package vendorhttp

import (
	"context"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// counter is a connection that knows how much was written to it.
type counter struct {
	net.Conn
	written atomic.Int64
}

// Write implements net.Conn.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// counted dials connections that count.
func counted(d *net.Dialer) dialer {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &counter{Conn: c}, nil
	}
}

// sending knows whether a part of a request left this machine. A vendor that got
// only a part has not worked, but the rest may still arrive.
type sending struct {
	conn   atomic.Pointer[counter]
	before atomic.Int64
}

func (s *sending) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		conn := i.Conn
		for {
			inner, ok := conn.(interface{ NetConn() net.Conn }) // TLS, twice with an https proxy
			if !ok {
				break
			}
			conn = inner.NetConn()
		}
		if c, ok := conn.(*counter); ok {
			s.before.Store(c.written.Load())
			s.conn.Store(c)
		}
	}})
}

// any reports whether a byte of the request was written. TLS and the proxy's
// handshake are over before a connection is got, so they do not count.
func (s *sending) any() bool {
	c := s.conn.Load()
	return c != nil && c.written.Load() > s.before.Load()
}
