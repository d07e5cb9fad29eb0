package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

const (
	allAway   = 15 * time.Second // how long all nodes are
	trueAfter = 3 * time.Second  // then readiness is true
	backAfter = 10 * time.Second // an election
	quietTime = 2 * time.Second  // of peace between two blows
)

// siege kills by a plan what an external engine and its gateways are made of,
// while people go on. After each blow it measures how long it took until the
// engine was there again, and from then on until every gateway worked.
type siege struct {
	config  Config
	site    *site
	book    *book
	answers *rig.Answers
	over    chan struct{} // closed after the last blow
	tasks   *sync.WaitGroup
	reaper  *reaper // counts whom it killed

	expect atomic.Int64 // of readiness
	epoch  atomic.Int64 // counts changes of expect
	probes []*probe
	found  []string // a line for each blow
}

// newSiege returns nil for a run without an external engine.
func newSiege(c Config, s *site, b *book, r *reaper, base http.RoundTripper) *siege {
	if s.engine == nil {
		return nil
	}
	answers := rig.NewAnswers(base, func(what rig.Wrong, text string) {
		b.fault(map[rig.Wrong]kind{rig.Late: late, rig.Rude: rude}[what], 1, "", "%s", text)
	})
	return &siege{config: c, answers: answers, site: s, book: b, reaper: r, over: make(chan struct{}), tasks: new(sync.WaitGroup)}
}

// run deals all blows and returns when the tasks of its probes have ended.
func (s *siege) run(ctx context.Context) error {
	defer s.tasks.Wait()
	defer close(s.over)
	watching, stop := context.WithCancel(ctx)
	var around sync.WaitGroup
	defer around.Wait()
	defer stop()
	around.Go(func() { s.guard(watching) })
	for i := range s.site.gateways {
		if err := s.attend(watching, i, &around); err != nil {
			return err
		}
	}
	for _, b := range []struct {
		name string
		deal func(context.Context) error
	}{
		{"a gateway joins that says nothing of replicas", func(context.Context) error { return s.join(watching, &around) }},
		{"the node that leads most streams killed, back after 1 s", func(ctx context.Context) error { return s.killNode(ctx, time.Second) }},
		{"the node that leads most streams killed, back after 12 s", func(ctx context.Context) error { return s.killNode(ctx, 12*time.Second) }},
		{"the gateway that leads killed, back after 1 s", s.killLeader},
		{"all nodes away for 15 s", s.killAll},
	} {
		if err := s.blow(ctx, b.name, b.deal); err != nil {
			return err
		}
	}
	return nil
}

// attend watches a gateway from now on.
func (s *siege) attend(ctx context.Context, i int, around *sync.WaitGroup) error {
	name := s.site.gateways[i].Name()
	p, err := newProbe(ctx, s.config, s.book, name, s.site.public[i], s.answers, s.tasks.Go)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.probes = append(s.probes, p)
	around.Go(func() {
		p.watch(ctx, func() (expectation, int64) { return expectation(s.expect.Load()), s.epoch.Load() })
	})
	return nil
}

func (s *siege) say(e expectation) {
	s.expect.Store(int64(e))
	s.epoch.Add(1)
}

// blow deals one blow and measures what follows.
func (s *siege) blow(ctx context.Context, name string, deal func(context.Context) error) error {
	s.say(nothing)
	begun := time.Now()
	if err := deal(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	mended := time.Now()
	if err := rig.Retry(ctx, time.Minute, lookEvery, s.led); err != nil {
		return fmt.Errorf("%s: the engine did not come back: %w", name, err)
	}
	elected := time.Now()
	err := rig.Retry(ctx, 2*backAfter, lookEvery/2, s.works)
	took := time.Since(elected)
	if err != nil {
		s.book.fault(slow, 1, "", "%s: %v", name, err)
	} else if took > backAfter {
		s.book.fault(slow, 1, "", "%s: everything is back only %v after the last stream had a leader", name, took.Round(time.Millisecond))
	}
	s.found = append(s.found, fmt.Sprintf("%s: leaders %.1f s after that, all gateways work %.1f s later, %.1f s after the blow began",
		name, elected.Sub(mended).Seconds(), took.Seconds(), time.Since(begun).Seconds()))
	if rig.Wait(ctx, trueAfter) {
		s.say(ready)
		rig.Wait(ctx, quietTime)
	}
	return context.Cause(ctx)
}

// works asks every gateway at once.
func (s *siege) works(ctx context.Context) error {
	errs := make([]error, len(s.probes))
	var all sync.WaitGroup
	for i, p := range s.probes {
		all.Go(func() {
			if err := p.works(ctx); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s *siege) join(ctx context.Context, around *sync.WaitGroup) error {
	if err := s.site.join(); err != nil {
		return err
	}
	return s.attend(ctx, len(s.site.gateways)-1, around)
}

// killNode kills the node that leads most streams.
func (s *siege) killNode(ctx context.Context, away time.Duration) error {
	node, err := s.leading(ctx)
	if err != nil {
		return err
	}
	node.Kill()
	s.reaper.nodes.Add(1)
	rig.Wait(ctx, away)
	return node.Start()
}

// killLeader kills the gateway that dispatches.
func (s *siege) killLeader(ctx context.Context) error {
	for i, a := range s.site.admin {
		if st, err := a.Status(ctx); err != nil || !st.Leader {
			continue
		}
		s.reaper.gateways.Add(1)
		s.site.gateways[i].Kill()
		rig.Wait(ctx, time.Second)
		return s.site.gateways[i].Start()
	}
	return errors.New("no gateway leads")
}

// killAll kills every node and starts all again later.
func (s *siege) killAll(ctx context.Context) error {
	for _, n := range s.site.engine.Nodes {
		_ = n.Signal(syscall.SIGKILL)
		s.reaper.nodes.Add(1)
	}
	s.site.engine.Kill()
	if rig.Wait(ctx, trueAfter) {
		s.say(notReady)
		rig.Wait(ctx, allAway-trueAfter)
		s.say(nothing)
	}
	return s.site.engine.Start()
}
