package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	guardEvery   = 250 * time.Millisecond
	stuckFor     = 15 * time.Second // so long a stream may take nothing
	reopenWithin = 30 * time.Second
	reopenTries  = 3
	soundFor     = 10 * time.Second // then the tries before are forgotten
)

// guard watches over the embedded server. One that can no longer write is
// opened again as soon as there is room; one that this does not help ends the
// process.
type guard struct {
	engine *Engine
	worth  telemetry.Seldom
	why    error // it is broken, until it is opened again
	tries  int
	last   time.Time // when it was opened again
}

func newGuard(e *Engine) *guard {
	return &guard{engine: e, worth: telemetry.Seldom{Every: waitingSaid}}
}

// run ends with an error when the server cannot be helped.
func (g *guard) run(ctx context.Context) error {
	for range tick.After(ctx, guardEvery) {
		if err := g.look(ctx); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (g *guard) look(ctx context.Context) error {
	e := g.engine
	if now := cmp.Or(e.host.broken(), e.marks.stuck(stuckFor)); now != nil {
		g.why = now
	}
	if g.why == nil {
		if g.tries > 0 && time.Since(g.last) > soundFor {
			g.tries = 0
		}
		return nil
	}
	if short := e.room.accepts(); short != nil { // it would break again
		if g.worth.Worth(g.why.Error()) {
			e.log.Error("engine cannot write, and waits for room", "reason", g.why, "room", short)
		}
		return nil
	}
	if g.tries == reopenTries {
		return fault.Wrap(fault.EngineUnavailable, fmt.Errorf("it stays broken after it was opened again %d times: %w", g.tries, g.why))
	}
	g.reopen(ctx)
	return nil
}

// reopen is one try.
func (g *guard) reopen(ctx context.Context) {
	e, began := g.engine, time.Now()
	e.log.Error("engine cannot write, and is opened again", "reason", g.why)
	ctx, cancel := context.WithTimeout(ctx, reopenWithin)
	defer cancel()
	g.tries++
	err := e.host.reopen(ctx)
	if err == nil {
		err = e.restore(ctx)
	}
	g.last = time.Now()
	if err != nil {
		e.log.Error("engine was not opened again", "error", err)
		return
	}
	g.why = nil
	e.log.Info("engine is opened again", "after", time.Since(began).Round(time.Millisecond))
}

// restore makes the memory streams again that were gone with the server.
func (e *Engine) restore(ctx context.Context) error {
	for _, s := range e.streams.all() {
		_, err := s.Info(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) && s.want.Storage == jetstream.MemoryStorage {
			err = e.remake(ctx, s)
		}
		if err != nil {
			return fmt.Errorf("stream %s: %w", s.want.Name, err)
		}
	}
	e.marks.forget()
	return nil
}

// attend is what Run does for as long as the engine is there: it tells what
// differs, and watches over an embedded server.
func (e *Engine) attend(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() {
		for range tick.AtOnce(ctx, lookEvery) {
			_ = e.compare(ctx) // an engine that is away is the business of whoever needs it
		}
	})
	if e.host != nil {
		return newGuard(e).run(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-e.link.gone: // nobody opens it again: a supervisor shall start us again
		return fault.Wrap(fault.EngineUnavailable, errors.New("the connection to the engine was closed for good"))
	}
}
