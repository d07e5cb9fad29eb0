package main

import (
	"context"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

// led says which streams have no leader.
func (s *siege) led(ctx context.Context) error {
	all, err := enginetest.Streams(ctx, s.site.engine.URL, s.site.engine.Token)
	if err != nil {
		return err
	}
	for _, st := range all {
		if st.Leader == "" {
			return fmt.Errorf("stream %s has no leader", st.Name)
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("the engine has no streams")
	}
	return nil
}

// leading is the node that leads most streams.
func (s *siege) leading(ctx context.Context) (*rig.Process, error) {
	all, err := enginetest.Streams(ctx, s.site.engine.URL, s.site.engine.Token)
	if err != nil {
		return nil, err
	}
	led := map[string]int{}
	most := s.site.engine.Nodes[0]
	for _, st := range all {
		led[st.Leader]++
	}
	for _, n := range s.site.engine.Nodes {
		if led[n.Name()] > led[most.Name()] {
			most = n
		}
	}
	return most, nil
}

// guard sees every second whether all streams have all their copies.
func (s *siege) guard(ctx context.Context) {
	weak := map[string]bool{}
	for rig.Wait(ctx, time.Second) {
		all, err := enginetest.Streams(ctx, s.site.engine.URL, s.site.engine.Token)
		if err != nil {
			continue // it is away
		}
		for _, st := range all {
			if st.Leader != "" && st.Replicas < rig.EngineNodes && !weak[st.Name] {
				weak[st.Name] = true
				s.book.fault(weakened, 1, "", "stream %s has %d copies", st.Name, st.Replicas)
			}
		}
	}
}

// tell is what the run showed beside its faults.
func (s *siege) tell() []string {
	if s == nil {
		return nil
	}
	return append(s.found, fmt.Sprintf("answers: %s; %d streams ended early and were resumed", s.answers, s.book.broken.Load()), s.noise())
}

// noise finds the most that a process logged in any ten seconds.
func (s *siege) noise() string {
	most, whose := 0, ""
	for _, p := range s.site.all() {
		n, words := rig.Noisiest(p.LogPath())
		if n > most {
			most, whose = n, fmt.Sprintf("%s, most of it %q", p.Name(), words)
		}
		if n > rig.MostLines {
			s.book.fault(noisy, 1, "", "%s wrote %d lines within %v, most of them %q", p.Name(), n, rig.NoiseWindow, words)
		}
	}
	return fmt.Sprintf("at most %d lines in %v (%s)", most, rig.NoiseWindow, whose)
}
