package rig

import (
	"context"
	"fmt"
	"net"
)

// FreePorts reserves n loopback ports for a moment and gives them back: the
// programs then listen there, again and again after every kill.
func FreePorts(ctx context.Context, n int) ([]string, error) {
	var lc net.ListenConfig
	held := make([]net.Listener, 0, n)
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	out := make([]string, 0, n)
	for range n {
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		held, out = append(held, l), append(out, l.Addr().String())
	}
	return out, nil
}
