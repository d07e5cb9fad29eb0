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
	tls *tls.Config
}

// DialTimeout connects to address within timeout, handshake included.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	raw := peer.Dialer(0)
	if d.tls == nil {
		return raw.DialContext(ctx, network, address)
	}
	secure := &tls.Dialer{NetDialer: raw, Config: d.tls}
	return secure.DialContext(ctx, network, address)
}
