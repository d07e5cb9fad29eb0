package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/httpapi"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// link is how workers are called and how they reach us.
type link struct {
	client *workerrpc.Client
	fleet  workerrpc.ServerConfig
}

func newLink(c *Config, secrets secret.Opened, log *slog.Logger) (*link, error) {
	workerrpc.RouteLogs(log)
	token, err := c.fleetToken(secrets.Value)
	if err != nil {
		return nil, err
	}
	l := &link{fleet: workerrpc.ServerConfig{Listen: c.Fleet.Listen, Token: token, Drain: time.Second, Logger: log}}
	client := workerrpc.ClientConfig{Token: token}
	if !c.TLS.Empty() {
		if l.fleet.TLS, client.TLS, err = c.TLS.Load(workerrpc.RoleGateway); err != nil {
			return nil, err
		}
	}
	l.client, err = workerrpc.NewClient(client)
	return l, err
}

// buildHTTP makes the public listener.
func (g *gateway) buildHTTP(context.Context) (err error) {
	g.http, err = httpapi.New(g.config.httpapi(), httpapi.Deps{
		Listener: g.front.public,
		Sessions: g.session, Limiter: g.limiter, Quota: g.quota, Uploads: g.uploads, Tus: g.tus, Intake: g.intake, Erasure: g.eraser,
		Store: g.store, Policy: g.policy, Follow: g.follow, Version: httpapi.Version{Version: version},
		Ready:  g.ready,
		Logger: g.log, Registry: g.reg, Answered: g.tally.Answered,
	})
	return err
}

// follow gives the queue's follower the shape that httpapi asks for.
func (g *gateway) follow(ctx context.Context, s task.SessionID, id task.ID, after uint64, resume bool) (httpapi.Follower, error) {
	f, err := g.queue.Follow(ctx, s, id, after, resume)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// buildAdmin makes the operators' listener.
func (g *gateway) buildAdmin(context.Context) error {
	token, err := g.adminToken()
	if err != nil {
		return err
	}
	g.admin, err = admin.New(g.config.admin(token), admin.Deps{
		Policy: g.policy, Queue: g.queue, Intake: g.intake, Quota: g.quota, Campaigns: g.campaign, Eraser: g.eraser, Store: g.store, Partials: g.partials, Fleet: g.fleet,
		Dispatch: g.dispatch, Alarms: g.alarms, Engine: g.engine, Ramp: g.ramp, Arms: g.arms, Notes: g.text, Objectives: g.promised,
		Providers: g.router.Configured().Providers, Fallback: g.router.Configured().Fallback(), Ready: g.ready, Registry: g.reg,
		Logger: g.log, Version: version, Environment: g.config.environment(),
	})
	if err == nil {
		g.admin.Take(g.front.admin)
	}
	return err
}

// adminToken is the configured token, or keeps one in the data
// directory that survives restarts.
func (g *gateway) adminToken() (secret.Value, error) {
	if g.config.Admin.Token.Empty() {
		token, err := admin.LoadOrCreateToken(filepath.Join(g.config.Data.Dir, adminTokenFile))
		return secret.New(token), err
	}
	return g.secrets.Value(g.config.Admin.Token), nil
}

// internalURL is where workers of this machine reach the public listener.
func (c *Config) internalURL() string {
	if c.HTTP.InternalURL != "" {
		return c.HTTP.InternalURL
	}
	host, port, _ := net.SplitHostPort(c.HTTP.Listen)
	if a, err := netip.ParseAddr(host); host == "" || (err == nil && a.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
