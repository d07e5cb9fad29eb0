// Package porttest finds ports for programs that tests start and start again.
package porttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Where ports are looked for: below those that systems give to outgoing
// connections and to listeners of port 0, which would take a port between two
// starts of a program.
const (
	first = 10_000
	last  = 32_000
	tries = 1000
)

var errNone = errors.New("no port is free")

// Free gives n loopback addresses, host:port, that nobody listens at. They
// are all held until the last is found, so that they differ.
func Free(ctx context.Context, n int) ([]string, error) {
	held := make([]net.Listener, 0, n)
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	out := make([]string, 0, n)
	for range n {
		l, err := listen(ctx)
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		held, out = append(held, l), append(out, l.Addr().String())
	}
	return out, nil
}

// Must is Free for a test.
func Must(t testing.TB, n int) []string {
	t.Helper()
	addrs, err := Free(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return addrs
}

func listen(ctx context.Context) (net.Listener, error) {
	why := errNone
	for range tries {
		port := first + rand.IntN(last-first) //nolint:gosec // it is no secret
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
		why = err
	}
	return nil, why
}
