package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
)

// manyAttempts of a request outlive every kill.
const manyAttempts = 40

// torture builds and starts everything, lets clients work while processes are
// killed, restarts gracefully, and then checks everything.
func torture(ctx context.Context, c Config, progress io.Writer) (r Report, err error) {
	home, err := rig.NewHome(c.Dir, "torture")
	if err != nil {
		return r, err
	}
	defer func() { home.Leave(err == nil && r.Clean(), progress) }()
	dir := home.Dir()
	fmt.Fprintln(progress, "torture: building")
	programs, err := rig.Build(ctx, dir, rig.Gateway, rig.Worker)
	if err != nil {
		return r, err
	}
	s, err := plan(ctx, c, programs, dir)
	if err != nil {
		return r, err
	}
	defer s.kill()
	begun := time.Now()
	if err := s.up(ctx); err != nil {
		return r, err
	}
	if err := limit(ctx, c, s); err != nil {
		return r, fmt.Errorf("set budgets: %w", err)
	}
	b, reaper := newBook(), newReaper(c, s)
	if c.Rolling {
		reaper.half = func() bool { return b.finished.Load() >= int64(c.Tasks/3) }
	}
	base := client.NewHTTP(4 * c.Clients).Transport
	siege := newSiege(c, s, b, reaper, base)
	if err := rage(ctx, c, s, b, base, reaper, siege, progress); err != nil {
		return r, err
	}
	handovers := s.takeovers()
	fmt.Fprintln(progress, "torture: restarting gracefully")
	if err := s.restart(ctx); err != nil {
		b.fault(crash, 1, "", "graceful restart: %v", err)
		s.kill()
		if err := s.up(ctx); err != nil {
			return r, err
		}
	}
	fmt.Fprintln(progress, "torture: reading everything again")
	v, err := newVerifier(c, s, b)
	if err != nil {
		return r, err
	}
	v.kills = int(reaper.gateways.Load() + reaper.workers.Load() + reaper.rolls.Load())
	found, err := v.run(ctx)
	if err != nil {
		return r, err
	}
	for name, n := range s.crashes() {
		b.fault(crash, n, "", "%s ended by itself; see %s.log", name, name)
	}
	recovered := s.recoveries(b)
	return report(c, b, reaper, handovers, recovered, found, siege.tell(), time.Since(begun)), ctx.Err()
}

// rage lets the clients work while the reaper kills, until every task is done,
// or until the siege is over when there is one.
func rage(ctx context.Context, c Config, s *site, b *book, base http.RoundTripper, r *reaper, by *siege, progress io.Writer) error {
	if by != nil {
		base = by.answers
	}
	people, err := gather(ctx, c, s, b, base)
	if err != nil {
		return err
	}
	strike := r.run
	if by != nil {
		strike = by.run
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var around sync.WaitGroup
	defer around.Wait()
	defer stop(nil)
	around.Go(func() {
		if err := strike(ctx); err != nil {
			stop(err)
		}
	})
	around.Go(func() {
		rig.Progress(ctx, progress, 2*time.Second, func(since time.Duration) string {
			return fmt.Sprintf("torture: %4.0f s  accepted %d  ended %d  deleted %d  killed %d gateways %d workers %d nodes  faults %d",
				since.Seconds(), b.accepted.Load(), b.finished.Load(), b.deleted.Load(), r.gateways.Load(), r.workers.Load(), r.nodes.Load(), b.total())
		})
	})
	var crowd sync.WaitGroup
	for i, p := range people {
		n := c.Tasks / len(people)
		if i < c.Tasks%len(people) {
			n++
		}
		if by != nil {
			n, p.over = math.MaxInt, by.over
		}
		crowd.Go(func() { p.live(ctx, n) })
	}
	crowd.Wait()
	return context.Cause(ctx)
}

// gather makes all clients before the first kill.
func gather(ctx context.Context, c Config, s *site, b *book, base http.RoundTripper) ([]*person, error) {
	people := make([]*person, 0, c.Clients)
	for i := range c.Clients {
		p, err := arrive(ctx, c, b, s.public[:gatewayCount], base, uint64(i), manyAttempts)
		if err != nil {
			return nil, fmt.Errorf("client %d: %w", i, err)
		}
		people = append(people, p)
	}
	return people, nil
}
