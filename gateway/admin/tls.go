package admin

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/imgfleet/imgfleet/pkg/peer"
)

// Files names the certificate with which the API speaks HTTPS; PEM. Both
// empty: it speaks plain HTTP.
type Files struct {
	// The certificate of the admin listener, with the names by which operators call it; PEM.
	Cert string `config:"cert" example:"/etc/imgfleet/admin.crt"`
	// The key of the certificate; PEM.
	Key string `config:"key" example:"/etc/imgfleet/admin.key"`
}

// Given reports whether there is a certificate.
func (f Files) Given() bool { return f.Cert != "" && f.Key != "" }

// Load reads the files; it returns nil when none is named.
func (f Files) Load() (*tls.Config, error) {
	if !f.Given() {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("admin.tls.cert, admin.tls.key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}, nil
}

// Bind takes the address of the API. With a certificate, the listener speaks
// TLS with whoever connects, whoever accepts.
func Bind(ctx context.Context, c Config) (net.Listener, error) {
	secured, err := c.TLS.Load()
	if err != nil {
		return nil, err
	}
	l, err := peer.Listen(ctx, c.Listen)
	if err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	if tcp, ok := l.(*net.TCPListener); ok && secured != nil {
		return listener{tcp, secured}, nil
	}
	return l, nil
}

// listener speaks TLS. Unlike that of crypto/tls, its Accept can be
// interrupted by a deadline.
type listener struct {
	*net.TCPListener

	config *tls.Config
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, l.config), nil
}
