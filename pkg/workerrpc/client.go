package workerrpc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/client/callopt"
	"github.com/cloudwego/kitex/client/callopt/streamcall"
	"github.com/cloudwego/kitex/pkg/remote/trans/nphttp2/grpc"
	"github.com/cloudwego/kitex/transport"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/idl/gen/workerpb/worker"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// ClientConfig says how workers and fleets are called. Zero durations and
// sizes mean the defaults.
type ClientConfig struct {
	Token          secret.Value  // sent with every call
	TokenFrom      secret.Source // instead of Token, when it lies in a file
	TLS            *tls.Config   // nil: plain TCP, for loopback only
	ConnectTimeout time.Duration // TCP and TLS together; default 2 s
	CallTimeout    time.Duration // of Cancel and Heartbeat; default 5 s
	InspectTimeout time.Duration // default 60 s
	Silence        time.Duration // a stream without a message for so long is given up; default 3 s
	MaxMessage     int           // bytes of one message; default 1 MiB
}

func (c ClientConfig) withDefaults() ClientConfig {
	c.ConnectTimeout = positive(c.ConnectTimeout, 2*time.Second)
	c.CallTimeout = positive(c.CallTimeout, 5*time.Second)
	c.InspectTimeout = positive(c.InspectTimeout, time.Minute)
	c.Silence = positive(c.Silence, 3*time.Second)
	c.MaxMessage = int(positive(time.Duration(c.MaxMessage), defaultMaxMessage))
	return c
}

const defaultMaxMessage = 1 << 20

func positive(d, fallback time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return fallback
}

// Client calls any worker by its address. It keeps connections open per
// address and is safe for concurrent use.
type Client struct {
	cfg  ClientConfig
	kite worker.Client
}

// NewClient builds a client; nothing is dialled before the first call.
func NewClient(cfg ClientConfig) (*Client, error) {
	cfg = cfg.withDefaults()
	kite, err := worker.NewClient("imgfleet.worker", options(cfg)...)
	if err != nil {
		return nil, fmt.Errorf("build worker client: %w", err)
	}
	return &Client{cfg: cfg, kite: kite}, nil
}

// options configure Kitex for all our clients: our dialer, a keepalive that
// notices hosts that are gone, and windows for slow links.
func options(cfg ClientConfig) []client.Option {
	return []client.Option{
		client.WithTransportProtocol(transport.GRPC),
		client.WithDialer(&dialer{tls: cfg.TLS, most: wireShare * cfg.MaxMessage}),
		client.WithConnectTimeout(cfg.ConnectTimeout),
		client.WithGRPCKeepaliveParams(grpc.ClientKeepalive{
			Time: 10 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true,
		}),
		client.WithGRPCInitialWindowSize(1 << 20),
		client.WithGRPCInitialConnWindowSize(1 << 20),
	}
}

// Generate runs an attempt on the worker at addr, or attaches to it, and
// calls on for every update that says something. It returns the outcome, or
// the fault that ended the stream: fault.WorkerUnreachable means that nothing was
// sent; fault.WorkerLost and fault.WorkerSilent mean that the attempt may still be running,
// as it does when ctx ends: only Cancel stops it.
func (c *Client) Generate(ctx context.Context, addr string, a Attempt, on func(Update)) (Outcome, error) {
	req := attemptToWire(a)
	if err := fits(req, c.cfg.MaxMessage); err != nil {
		return Outcome{}, err
	}
	ctx, err := c.cfg.authorize(ctx)
	if err != nil {
		return Outcome{}, err
	}
	ctx, w := watch(ctx, c.cfg.Silence)
	defer w.stop()
	stream, err := c.kite.Generate(ctx, req, streamcall.WithHostPort(addr),
		streamcall.WithConnectTimeout(c.cfg.ConnectTimeout))
	if err != nil {
		return Outcome{}, faultFromWire(ctx, err)
	}
	return c.receive(ctx, w, stream, on)
}

// receive reads the stream to its end. An outcome that arrived counts, even if
// the connection breaks right after it.
func (c *Client) receive(ctx context.Context, w *watchdog, stream worker.Worker_GenerateClient, on func(Update)) (Outcome, error) {
	var last *Outcome
	for {
		msg, err := stream.Recv(ctx)
		switch {
		case last != nil:
			return *last, nil
		case errors.Is(err, io.EOF):
			return Outcome{}, fault.Wrap(fault.WorkerLost, errors.New("stream ended without an outcome"))
		case err != nil:
			return Outcome{}, faultFromWire(ctx, err)
		case received(stream.Context()) > uint64(c.cfg.MaxMessage):
			return Outcome{}, fault.New(fault.MessageTooLarge)
		}
		w.pat()
		u := updateFromWire(msg)
		last = u.Outcome
		if u != (Update{}) && on != nil {
			on(u)
		}
	}
}

// Cancel asks the worker at addr to stop an attempt. An attempt that the
// worker does not know is no error: there is nothing to stop.
func (c *Client) Cancel(ctx context.Context, addr string, id task.ID, number int) error {
	ctx, err := c.cfg.authorize(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	_, err = c.kite.Cancel(ctx, &workerpb.CancelRequest{Task: string(id), Number: clamp(number)},
		callopt.WithHostPort(addr))
	return faultFromWire(ctx, err)
}

// Inspect has the worker at addr judge and normalise an upload.
func (c *Client) Inspect(ctx context.Context, addr string, r InspectRequest) (Inspected, error) {
	req := inspectToWire(r)
	if err := fits(req, c.cfg.MaxMessage); err != nil {
		return Inspected{}, err
	}
	ctx, err := c.cfg.authorize(ctx)
	if err != nil {
		return Inspected{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.InspectTimeout)
	defer cancel()
	reply, err := c.kite.Inspect(ctx, req, callopt.WithHostPort(addr))
	if err != nil {
		return Inspected{}, faultFromWire(ctx, err)
	}
	return inspectedFromWire(reply), nil
}

// Close drops the idle connections.
func (c *Client) Close() error { return closed(c.kite) }

// closed closes a client of Kitex; its interface does not say that it can be.
func closed(kite any) error {
	if closer, ok := kite.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
