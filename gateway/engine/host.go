package engine

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// serve starts the embedded server and waits until it has recovered.
func serve(c Config) (*server.Server, error) {
	o := &server.Options{
		ServerName: "imgfleet", JetStream: true, StoreDir: filepath.Join(c.Dir, "engine"),
		SyncAlways: c.Always, SyncInterval: c.Interval, JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 1 << 40,
		NoSigs: true, NoLog: true, DontListen: c.Listen == "", Authorization: c.Token.Reveal(), MaxPayload: 1 << 20,
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
		o.Host = host
	}
	if err := c.secure(o); err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embed engine: %w", err)
	}
	s.SetLogger(newServerLog(c.Logger), false, false)
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		return nil, fault.Wrap(fault.EngineUnavailable, errors.New("embedded engine did not start"))
	}
	return s, nil
}
