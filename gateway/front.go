package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/httpapi"
	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	buildAgain = time.Second // after a build that failed because a part was away
	buildSaid  = 10 * time.Second
)

// front is what others see of a gateway from its first moment on. It answers
// them until the gateway is built, and then leaves its listeners to it.
type front struct {
	public     *gate.Listener
	admin      net.Listener
	waiting    []*httpapi.Waiting
	heartbeats *workerrpc.Server
	fleet      atomic.Pointer[receiver] // nil until the gateway is built
}

type receiver func(context.Context, workerrpc.Heartbeat) error

// openFront binds every listener and begins to answer.
func openFront(ctx context.Context, c *Config, fleet workerrpc.ServerConfig, log *slog.Logger) (f *front, err error) {
	f = &front{}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.public, err = httpapi.Bind(ctx, c.httpapi(), log); err != nil {
		return f, err
	}
	if f.admin, err = admin.Bind(ctx, c.admin(c.sealedAdminToken())); err != nil {
		return f, err
	}
	for _, l := range []net.Listener{f.public, f.admin} {
		w, err := httpapi.Wait(l, httpapi.Version{Version: version})
		if err != nil {
			return f, err
		}
		f.waiting = append(f.waiting, w)
	}
	f.heartbeats, err = workerrpc.ServeFleet(ctx, fleet, f.heartbeat)
	return f, err
}

// heartbeat hands a heartbeat to the gateway.
func (f *front) heartbeat(ctx context.Context, b workerrpc.Heartbeat) error {
	if receive := f.fleet.Load(); receive != nil {
		return (*receive)(ctx, b)
	}
	return fault.Wrap(fault.EngineUnavailable, errors.New("this gateway waits for its engine"))
}

// handOver leaves the listeners to the gateway, which serves them now.
func (f *front) handOver(receive receiver) {
	f.fleet.Store(&receive)
	for _, w := range f.waiting {
		w.Over()
	}
	f.waiting = nil
}

// close ends what is left.
func (f *front) close() {
	for _, w := range f.waiting {
		w.Over()
	}
	if f.public != nil {
		_ = f.public.Close() // the gateway has closed it already, if it got so far
	}
	if f.admin != nil {
		_ = f.admin.Close()
	}
	if f.heartbeats != nil {
		_ = f.heartbeats.Close()
	}
}

// builder says why a gateway is not built yet.
type builder struct {
	log   *slog.Logger
	worth telemetry.SeldomOf
}

// insist tries until it works: in place, because to build everything again
// would take the embedded engine from other gateways.
func (b *builder) insist(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || ctx.Err() != nil || !b.passing(err) {
			return err
		}
		tick.Wait(ctx, buildAgain)
	}
}

// passing reports whether a build may succeed later, and says why it did not
// now.
func (b *builder) passing(err error) bool {
	if k := fault.KindOf(err); k != fault.Unavailable && k != fault.Timeout {
		return false
	}
	if b.worth.Worth(err.Error()) {
		b.log.Warn("gateway is not built yet", "err", err)
	}
	return true
}
