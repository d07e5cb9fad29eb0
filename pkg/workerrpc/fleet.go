package workerrpc

import (
	"context"
	"fmt"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/server"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/idl/gen/workerpb/fleet"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ServeFleet listens for the heartbeats of workers and hands each to receive.
func ServeFleet(ctx context.Context, cfg ServerConfig, receive func(context.Context, Heartbeat) error) (*Server, error) {
	return serve(ctx, cfg, func(s server.Server, maxMessage int) error {
		return fleet.RegisterService(s, &fleetHandler{receive: receive, maxMessage: maxMessage})
	})
}

type fleetHandler struct {
	receive    func(context.Context, Heartbeat) error
	maxMessage int
}

// Heartbeat implements the generated interface.
func (h *fleetHandler) Heartbeat(ctx context.Context, req *workerpb.Beat) (*workerpb.BeatReply, error) {
	if received(ctx) > uint64(h.maxMessage) {
		return nil, faultToWire(fault.New(fault.MessageTooLarge))
	}
	return &workerpb.BeatReply{}, faultToWire(h.receive(ctx, heartbeatFromWire(req)))
}

// FleetClient sends heartbeats to one gateway.
type FleetClient struct {
	cfg  ClientConfig
	kite fleet.Client
}

// NewFleetClient builds a client for the fleet listener at addr; nothing is
// dialled before the first heartbeat.
func NewFleetClient(addr string, cfg ClientConfig) (*FleetClient, error) {
	cfg = cfg.withDefaults()
	kite, err := fleet.NewClient("imgfleet.fleet", append(options(cfg),
		client.WithHostPorts(addr), client.WithGRPCConnPoolSize(1))...)
	if err != nil {
		return nil, fmt.Errorf("build fleet client for %s: %w", addr, err)
	}
	return &FleetClient{cfg: cfg, kite: kite}, nil
}

// Heartbeat tells the gateway that this worker lives.
func (c *FleetClient) Heartbeat(ctx context.Context, b Heartbeat) error {
	ctx, err := c.cfg.authorize(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	_, err = c.kite.Heartbeat(ctx, heartbeatToWire(b))
	return faultFromWire(ctx, err)
}

// Close drops the connection.
func (c *FleetClient) Close() error { return closed(c.kite) }
