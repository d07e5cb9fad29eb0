package peer

import (
	"context"
	"net"
	"syscall"
	"time"
)

const (
	// Gone is how long a peer may leave what was sent to it without an answer.
	// What has vanished is to be noticed within 45 s, also when something is sent
	// to it just before its silence would have been.
	Gone = 20 * time.Second

	// A connection on which nobody has anything to say is tried after probeAfter,
	// and then every probeEvery. Where the system does not know Gone, it ends
	// after probes tries that nobody answered, which takes as long.
	probeAfter = 10 * time.Second
	probeEvery = 5 * time.Second
	probes     = 2
)

// Listen binds a TCP address. What is accepted there ends when its peer vanishes.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	lc := net.ListenConfig{KeepAliveConfig: keepAlive(), Control: limit}
	return lc.Listen(ctx, "tcp", address)
}

// Dialer connects within a time, 0 for as long as the context allows. What it
// opens ends when its peer vanishes.
func Dialer(within time.Duration) *net.Dialer {
	return &net.Dialer{Timeout: within, KeepAliveConfig: keepAlive(), Control: limit}
}

func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: probeAfter, Interval: probeEvery, Count: probes}
}

// limit sets on a new socket what the accepted ones inherit.
func limit(_, _ string, c syscall.RawConn) error {
	var err error
	if failed := c.Control(func(fd uintptr) { err = giveUp(fd) }); failed != nil {
		return failed
	}
	return err
}
