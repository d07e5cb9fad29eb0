package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/admin"
	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/campaign"
	"github.com/imgfleet/imgfleet/gateway/dispatch"
	taskrun "github.com/imgfleet/imgfleet/gateway/dispatch/run"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/experiment"
	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/httpapi"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/gateway/judging"
	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/gateway/objective"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ramp"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/refresh"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/gateway/upload/tus"
	"github.com/imgfleet/imgfleet/gateway/watch"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// gateway is every stage, built; wire.go is the only place that knows all of
// them.
type gateway struct {
	id       string
	config   *Config       // with the retention that the engine has
	wanted   time.Duration // the retention that is configured
	log      *slog.Logger
	reg      *prometheus.Registry
	secrets  secret.Opened
	client   *workerrpc.Client
	front    *front
	builder  *builder
	built    bool
	alarms   *alarm.Board
	engine   *engine.Engine
	keys     *keys.Ring
	policy   *policy.Store
	room     *room.Room // of the disk of data.dir
	store    *store.Store
	refresh  *refresh.Queue // nil without a CDN
	fleet    *fleet.Fleet
	queue    *queue.Queue
	limiter  *ratelimit.Limiter
	quota    *quota.Accounts
	session  *session.Sessions
	uploads  *upload.Uploads
	partials *partial.Files
	tus      *tus.Handler
	text     *moderation.Text
	intake   *intake.Intake
	eraser   *erasure.Eraser
	router   *routing.Router
	dispatch *dispatch.Dispatcher
	ramp     *ramp.Ramp
	campaign *campaign.Keeper
	arms     *experiment.Desk
	tally    *objective.Tally
	promised *objective.Keeper
	ready    *readiness.Monitor
	watch    *watch.Watch
	http     *httpapi.Server
	admin    *admin.Server
}

// serve builds the gateway, runs it until ctx ends and leaves nothing behind.
func serve(ctx context.Context, c *Config, opened secret.Opened, log *slog.Logger) error {
	limitMemory(log)
	for _, w := range c.Warnings() {
		log.Warn("configuration", "warning", w)
	}
	link, err := newLink(c, opened, log)
	if err != nil {
		return err
	}
	defer func() { _ = link.client.Close() }()
	f, err := openFront(ctx, c, link.fleet, log)
	if err != nil {
		return err
	}
	defer f.close()
	for b := (&builder{log: log, worth: telemetry.SeldomOf{Every: buildSaid}}); ; {
		g := &gateway{
			id: task.NewID(), config: c, log: log, reg: telemetry.NewRegistry(), secrets: opened, alarms: alarm.New(log),
			client: link.client, front: f, builder: b,
		}
		err := g.serve(ctx)
		g.close()
		if err == nil || ctx.Err() != nil || g.built || !b.passing(err) {
			return err
		}
		tick.Wait(ctx, buildAgain)
	}
}

// serve builds every stage, and runs them until ctx ends.
func (g *gateway) serve(ctx context.Context) error {
	telemetry.Built(g.reg, "gateway", version)
	for _, build := range []func(context.Context) error{
		g.buildState, g.buildObjects, g.buildTasks, g.buildDispatch, g.buildReady, g.buildWatch, g.buildHTTP, g.buildAdmin,
	} {
		if err := build(ctx); err != nil {
			return err
		}
	}
	g.built = true
	g.front.public.Limit(func() int64 { return g.policy.Limits().AddressConnections })
	g.front.handOver(g.fleet.Heartbeat)
	return g.run(ctx)
}

// run runs every long-lived stage; the first that fails ends all. When told is
// over, they go on for the notice that people are given.
func (g *gateway) run(told context.Context) error {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(told))
	defer cancel(nil)
	var stages sync.WaitGroup
	stages.Go(func() { cancel(g.notice(ctx, told)) })
	for name, run := range map[string]func(context.Context) error{
		"engine":     g.engine.Run,
		"keys":       g.keys.Run,
		"policy":     g.policy.Run,
		"store":      g.store.Run,
		"fleet":      g.fleet.Run,
		"heartbeats": g.front.heartbeats.Run,
		"queue":      g.queue.Run,
		"campaign":   g.campaign.Run,
		"limits":     g.limiter.Run,
		"session":    g.session.Run,
		"upload":     g.uploads.Run,
		"partial":    g.partials.Run,
		"intake":     g.intake.Run,
		"erasure":    g.eraser.Run,
		"refresh":    g.runRefresh,
		"dispatch":   g.dispatch.Run,
		"ramp":       g.ramp.Run,
		"arms":       g.arms.Run,
		"promised":   g.promised.Run,
		"ready":      g.ready.Run,
		"alarms":     g.alarms.Run,
		"watch":      g.watch.Run,
		"http":       g.http.Run,
		"admin":      g.admin.Run,
	} {
		stages.Go(func() {
			err := run(ctx)
			if ctx.Err() == nil {
				cancel(fmt.Errorf("%s stopped: %w", name, err))
			}
		})
	}
	g.log.Info("gateway serves", "http", g.config.HTTP.Listen, "admin", g.config.Admin.Listen, "fleet", g.config.Fleet.Listen, "version", version)
	stages.Wait()
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// notice returns why the gateway ends: it was told to, and people have had
// notice, or ctx is over.
func (g *gateway) notice(ctx, told context.Context) error {
	select {
	case <-told.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if n := g.config.drainNotice(); n > 0 {
		g.log.Info("gateway stops soon, and serves until then", "in", n)
		g.http.Leave(ctx, n)
	}
	return context.Cause(told)
}

// close ends what Run does not own.
func (g *gateway) close() {
	if g.limiter != nil {
		g.limiter.Close()
	}
	if g.engine != nil {
		g.engine.Close()
	}
}

// buildState opens the engine and what operators and gateways share in it.
func (g *gateway) buildState(ctx context.Context) (err error) {
	if err := os.MkdirAll(g.config.Data.Dir, 0o700); err != nil {
		return fmt.Errorf("data.dir: %w", err)
	}
	g.keepAlarms()
	c := g.config.engine(g.secrets.Value)
	c.Logger, c.Registry, c.Differs = g.log, g.reg, g.alarms.Differs
	if err := g.config.engineToken(&c); err != nil {
		return err
	}
	if g.engine, err = engine.Open(ctx, c); err != nil {
		return err
	}
	if err := g.keepAsOthers(ctx); err != nil {
		return err
	}
	if g.keys, err = keys.Open(ctx, g.engine); err != nil {
		return err
	}
	if g.policy, err = policy.Open(ctx, g.engine, g.config.Limits.Limits, catalog.Builtin()); err != nil {
		return err
	}
	if g.fleet, err = fleet.Open(ctx, g.engine, g.client, g.log, g.reg); err != nil {
		return err
	}
	depth := g.policy.QueueDepth(time.Now())
	if g.queue, err = queue.Open(ctx, g.engine, depth, g.log, g.reg); err != nil {
		return err
	}
	g.tally = objective.NewTally(g.config.Objectives, g.reg)
	if g.promised, err = objective.Open(ctx, g.config.Objectives, objective.Deps{ID: g.id, Engine: g.engine, Tally: g.tally, Alarms: g.alarms, Logger: g.log}); err != nil {
		return err
	}
	g.campaign = campaign.New(campaign.Deps{Engine: g.engine, Policy: g.policy, Queue: g.queue, Depth: depth, Logger: g.log})
	return nil
}

// buildObjects opens the object store and the uploads in it.
func (g *gateway) buildObjects(ctx context.Context) (err error) {
	if err := g.buildStore(ctx); err != nil {
		return err
	}
	uc := upload.Defaults()
	uc.Retention, uc.PutWithin = g.config.Retention, min(uc.PutWithin, g.config.Retention)
	if err := g.buildPartials(); err != nil {
		return err
	}
	g.uploads, err = upload.Open(ctx, uc, upload.Deps{
		Engine: g.engine, Store: g.store, Keys: g.keys, Inspector: judging.New(g.fleet, func(ctx context.Context) bool { return g.ready.Report(ctx).Has(checkStore) }, g.reg), Partials: g.partials, Limits: g.policy.Limits,
		PolicyVersion: func() string { return g.policy.Catalog().PolicyVersion }, Logger: g.log, Registry: g.reg,
	})
	if err != nil {
		return err
	}
	return g.buildTus()
}

// buildTasks opens sessions, their quota, and the intake that accepts tasks.
func (g *gateway) buildTasks(ctx context.Context) (err error) {
	if g.limiter, err = ratelimit.Open(ctx, ratelimit.Deps{
		ID: g.id, Engine: g.engine, Keys: g.keys, Limits: g.policy.Limits, Logger: g.log, Registry: g.reg,
	}); err != nil {
		return err
	}
	if g.quota, err = quota.Open(ctx, quota.Deps{Engine: g.engine, Tasks: g.queue, Limits: g.policy.Limits, Registry: g.reg}); err != nil {
		return err
	}
	if g.session, err = session.Open(ctx, g.config.session(), session.Deps{
		Engine: g.engine, Keys: g.keys, Limiter: g.limiter, OnCreate: g.quota.Begin, Registry: g.reg,
	}); err != nil {
		return err
	}
	if g.text, err = moderation.NewText(g.config.Moderation); err != nil {
		return err
	}
	if g.arms, err = experiment.Open(ctx, g.engine, g.log); err != nil {
		return err
	}
	ic := intake.Defaults()
	ic.Retention, ic.Wanted, ic.Region = g.config.Retention, g.wanted, g.config.Dispatch.Region
	ic.Deadline = min(g.config.Limits.TaskTimeout, g.config.Retention)
	if g.intake, err = intake.Open(ctx, ic, intake.Deps{
		Engine: g.engine, Queue: g.queue, Uploads: g.uploads, Quota: g.quota, Limiter: g.limiter, Text: g.text,
		Policy: g.policy, Campaigns: g.campaign, Store: g.store, Arms: g.arms, Logger: g.log, Registry: g.reg,
		Tally: g.tally, Payable: func(id task.ID, campaign string) error { return g.dispatch.Payable(id, campaign) }, // built later: it settles with the intake
	}); err != nil {
		return err
	}
	g.eraser, err = erasure.Open(ctx, erasure.Deps{
		Engine: g.engine, Queue: g.queue, Uploads: g.uploads, Sessions: g.session, Quota: g.quota, Intake: g.intake,
		Store: g.store, Logger: g.log, Registry: g.reg, Retention: g.config.Retention,
	})
	return err
}

// buildDispatch makes the one that turns jobs into pictures.
func (g *gateway) buildDispatch(ctx context.Context) (err error) {
	g.router = routing.New(g.config.routing(), g.policy.State)
	if g.dispatch, err = dispatch.New(ctx, g.config.dispatch(), dispatch.Deps{
		ID: g.id, Engine: g.engine, Queue: g.queue, Fleet: g.fleet, Policy: g.policy.State, Fresh: g.policy.Fresh, Store: g.store.Takes, Registry: g.reg,
		TaskFen: func() int64 { return g.policy.Limits().TaskFen },
		Runs:    taskrun.Deps{Router: g.router, Caller: g.client, Objects: g.store, Settler: g.intake, Arms: g.arms, Tally: g.tally, Logger: g.log},
	}); err != nil {
		return err
	}
	g.ramp = ramp.New(ramp.Deps{Policy: g.policy, Providers: g.router.Configured().Providers, Calls: g.calls, Logger: g.log})
	return nil
}

// calls gives what dispatch counts the shape that ramp asks for.
func (g *gateway) calls() (calls map[string]ramp.Calls, leads bool) {
	s := g.dispatch.Status()
	if s.Providers == nil {
		return nil, s.Leader
	}
	calls = make(map[string]ramp.Calls, len(s.Providers))
	for name, p := range s.Providers {
		calls[name] = ramp.Calls{Good: p.Good, Bad: p.Bad, Tripped: len(p.Breakers) > 0}
	}
	return calls, s.Leader
}
