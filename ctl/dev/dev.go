package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// ContextName is the imgctl context that dev selects for itself.
const ContextName = "dev"

// ErrRefused says that a program does not start with this configuration; it
// has said why.
var ErrRefused = errors.New("refuses its configuration")

// Deps are what dev works with.
type Deps struct {
	Streams    *terminal.Streams
	Getenv     func(string) string
	Environ    []string // for the children
	Executable string   // path of imgctl; gateway and worker lie beside it
}

// Run starts everything, says when it is ready, and runs until ctx ends. It
// returns nil after an orderly end.
func Run(ctx context.Context, c Config, d Deps) error {
	if err := c.absolute(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	if err := owned(c.Data); err != nil {
		return err
	}
	defer surviveSilence()()
	unlock, err := lock(c.Data)
	if err != nil {
		return err
	}
	defer unlock()
	gateway, worker, err := programs(d.Executable)
	if err != nil {
		return err
	}
	p, err := newPlan(ctx, c, d.Environ, d.Streams.ErrTTY)
	if err != nil {
		return err
	}
	return run(ctx, c, d, p, gateway, worker)
}

// surviveSilence keeps the process alive when whoever read its output is gone,
// as tee is after Ctrl-C: there is still something to drain. Unlike an ignored
// signal, a caught one is not inherited by the children.
func surviveSilence() (undo func()) {
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	return func() { signal.Stop(pipes) }
}

// run holds the children up until the end, and takes them down.
func run(ctx context.Context, c Config, d Deps, p *plan, gateway, worker string) error {
	out := &log{w: d.Streams.Err, colour: d.Streams.ErrTTY && d.Streams.Colour}
	var up atomic.Bool
	crew := hire(c, p, out, gateway, worker, up.Load)
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	err := raise(running, p, crew)
	if err == nil {
		up.Store(true)
		err = oversee(running, c, d, p, crew, out)
	}
	cancel()
	if ctx.Err() != nil {
		out.say("imgctl: draining …")
	}
	crew.stop()
	if ctx.Err() != nil {
		out.say("imgctl: stopped; everything accepted is kept in %s", c.Data)
		return nil
	}
	return err
}

// raise brings the children up: first those that play vendors, then the
// gateways, so that no worker knocks at a closed door, then the workers. It fails when a child is given up or
// when it takes too long.
func raise(running context.Context, p *plan, crew *crew) error {
	ctx, cancel := context.WithTimeoutCause(running, readyWithin, fmt.Errorf("not ready after %v", readyWithin))
	defer cancel()
	for _, wave := range []struct {
		children []*child
		await    func(context.Context) error
	}{{crew.doubles, p.awaitDoubles}, {crew.gateways, p.awaitGateways}, {crew.workers, p.awaitWorkers}} {
		crew.run(running, wave.children)
		ready := make(chan error, 1)
		go func() { ready <- wave.await(ctx) }()
		select {
		case err := <-crew.failed:
			return err
		case err := <-ready:
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// oversee tells the person that everything is up, and waits on.
func oversee(ctx context.Context, c Config, d Deps, p *plan, crew *crew, out *log) error {
	giveBack, err := selectContext(c, d, p)
	if err != nil {
		out.say("imgctl: no context is selected: %v", err)
	}
	defer giveBack()
	first, hint := p.gateways[0], p.hint(ctx, c, d.Executable)
	if _, err := fmt.Fprintf(d.Streams.Out, "ready %s admin %s\n", link(first.http), link(first.admin)); err != nil {
		return err
	}
	out.write(hint)
	select {
	case err := <-crew.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// selectContext makes imgctl speak to this dev until giveBack is called.
func selectContext(c Config, d Deps, p *plan) (giveBack func(), err error) {
	if c.NoContext {
		return func() {}, nil
	}
	give, err := contexts.At(d.Getenv).Borrow(contexts.Context{
		Name: ContextName, Server: link(p.gateways[0].admin), TokenFile: p.tokenFile,
	})
	if err != nil {
		return func() {}, err
	}
	return func() { _ = give() }, nil
}

// hire makes a child of everything planned.
func hire(c Config, p *plan, out *log, gateway, worker string, up func() bool) *crew {
	args := []string{"-exit-with-stdin"}
	if c.File != "" {
		args = append(args, "-config", c.File)
	}
	crew := &crew{failed: make(chan error, 1)}
	for _, k := range p.children() {
		out.width = max(out.width, len(k.name))
	}
	if p.doubles.any() {
		out.width = max(out.width, len(doublesName))
	}
	add := func(to *[]*child, path, name string, args, env []string) {
		*to = append(*to, &child{
			name: name, path: path, args: args, env: env, out: out.stream(len(crew.all()), name), log: out, ready: up, done: make(chan struct{}),
		})
	}
	for _, g := range p.gateways {
		add(&crew.gateways, gateway, g.name, args, g.env)
	}
	for _, w := range p.workers {
		add(&crew.workers, worker, w.name, args, w.env)
	}
	if p.doubles.any() {
		add(&crew.doubles, worker, doublesName, []string{"-exit-with-stdin", "-simulate"}, p.doubles.env)
	}
	return crew
}

// programs finds gateway and worker beside imgctl, or beside what a link to
// it points at.
func programs(executable string) (gateway, worker string, err error) {
	dirs := []string{filepath.Dir(executable)}
	if target, err := filepath.EvalSymlinks(executable); err == nil {
		dirs = append(dirs, filepath.Dir(target))
	}
	for _, dir := range dirs {
		gateway, worker = filepath.Join(dir, "gateway"), filepath.Join(dir, "worker")
		if isFile(gateway) && isFile(worker) {
			return gateway, worker, nil
		}
	}
	return "", "", errors.New("gateway and worker must lie beside imgctl in " + dirs[0] + "; `make build` puts all three into bin")
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
