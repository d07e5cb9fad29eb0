package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// tries is how many ports a busy default moves at most.
const tries = 100

// ports hands out addresses and keeps them taken until all are chosen, so
// that no two children get the same.
type ports struct{ held []net.Listener }

// take takes an address as it is. A busy default moves to the next port.
func (p *ports) take(ctx context.Context, flag, addr, standard string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	for range tries {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err == nil {
			p.held = append(p.held, l)
			return net.JoinHostPort(host, portOf(l)), nil
		}
		if addr != standard || !errors.Is(err, syscall.EADDRINUSE) {
			return "", fmt.Errorf("%s: %w", flag, err)
		}
		busy, _ := strconv.Atoi(port)
		port = strconv.Itoa(busy + 1)
	}
	return "", fmt.Errorf("%s: %d ports from %s on are busy", flag, tries, addr)
}

// free takes any loopback port.
func (p *ports) free(ctx context.Context) (string, error) {
	return p.take(ctx, "free port", "127.0.0.1:0", "")
}

// release lets the children have what was taken.
func (p *ports) release() {
	for _, l := range p.held {
		_ = l.Close()
	}
	p.held = nil
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// link is how this machine reaches an address: a wildcard is loopback.
func link(addr string) string {
	host, port, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
