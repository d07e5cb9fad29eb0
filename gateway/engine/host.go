package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

var errStopped = errors.New("the embedded engine is stopped")

// host is the embedded server. Another one takes its place when it can no
// longer write; whoever is connected then connects again.
type host struct {
	config Config

	mu     sync.Mutex
	server *server.Server // nil while there is none
	closed bool
}

// openHost starts the embedded server.
func openHost(c Config) (*host, error) {
	s, err := serve(c)
	if err != nil {
		return nil, err
	}
	return &host{config: c, server: s}, nil
}

// now is the server of this moment, nil while there is none.
func (h *host) now() *server.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.server
}

// InProcessConn implements nats.InProcessConnProvider.
func (h *host) InProcessConn() (net.Conn, error) {
	if s := h.now(); s != nil {
		return s.InProcessConn()
	}
	return nil, errStopped
}

// take leaves the host without a server and returns the one that it had.
func (h *host) take(closes bool) *server.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.server
	h.server, h.closed = nil, h.closed || closes
	return s
}

// put gives the host a server, and reports false when it is closed.
func (h *host) put(s *server.Server) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.server = s
	}
	return !h.closed
}

// close stops the server. It may be called twice.
func (h *host) close() { stop(h.take(true)) }

func stop(s *server.Server) {
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// reopen stops the server and starts one on what it had written, at the same
// address.
func (h *host) reopen(ctx context.Context) error {
	old := h.take(false)
	if old != nil && h.config.Listen != "" {
		h.config.Listen = old.Addr().String()
	}
	s, err := soon(ctx, func() (*server.Server, error) {
		stop(old)
		return serve(h.config)
	}, stop)
	if err != nil {
		return fmt.Errorf("start the embedded engine again: %w", err)
	}
	if !h.put(s) {
		stop(s)
		return errStopped
	}
	return nil
}

// broken says why the server can no longer write, and nil while it can. What
// failed once it never writes to again, also when the disk has room again.
func (h *host) broken() error {
	s := h.now()
	if s == nil {
		return errStopped
	}
	if !s.Running() || !s.JetStreamEnabled() {
		return errors.New("the embedded engine has stopped storing")
	}
	var all []string
	for _, e := range s.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if _, why, found := strings.Cut(e.Error, "write error: "); found && e.Type == server.HealthzErrorStream {
			all = append(all, "stream "+e.Stream+" cannot be written: "+why)
		}
	}
	if all == nil {
		return nil
	}
	return errors.New(several(all))
}

// serve starts the embedded server and waits until it has recovered.
func serve(c Config) (*server.Server, error) {
	o := &server.Options{
		ServerName: "imgfleet", JetStream: true, StoreDir: filepath.Join(c.Dir, "engine"),
		SyncAlways: c.Always, SyncInterval: c.Interval, JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 1 << 40,
		NoSigs: true, NoLog: true, PingInterval: pingClients, MaxPingsOut: clientPings, DontListen: c.Listen == "", Authorization: c.Token.Reveal(), MaxPayload: 1 << 20,
		JetStreamLimits: server.JSLimitOpts{MaxHAAssets: 0},
	}
	if c.Listen != "" {
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("engine.listen: %w", err)
		}
		if o.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("engine.listen: %w", err)
		}
		if o.Host = host; o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	if err := c.secure(o); err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embed engine: %w", err)
	}
	log := newServerLog(c.Logger)
	s.SetLogger(log, false, false)
	s.Start()
	if !log.failed.Load() && s.ReadyForConnections(startTimeout) {
		return s, nil
	}
	stop(s)
	return nil, fault.Wrap(fault.EngineUnavailable, errors.New("the embedded engine did not start, see the log above"))
}
