package workerrpc

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/imgfleet/imgfleet/pkg/peer"
)

// dialer connects with the standard library, TLS included. Kitex's own dialer
// bounds only the TCP part: it waits for ever for a peer that never answers the
// TLS handshake.
type dialer struct {
	tls  *tls.Config
	most int // bytes that a message may announce
}

// DialTimeout connects to address within timeout, handshake included.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	raw := peer.Dialer(0)
	dial := raw.DialContext
	if d.tls != nil {
		dial = (&tls.Dialer{NetDialer: raw, Config: d.tls}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newBoundedConn(conn, false, d.most), nil
}
