package dispatch

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/dispatch/health"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	memoryKey   = "known"
	rememberFor = broadcastEvery // one write of it
)

// memory keeps what operators want to know of the time before a restart, or
// before another gateway led: what the providers did, and which alarms stood.
// Only the leader writes it, over whatever is there.
type memory struct {
	bucket *engine.Bucket
	saved  []byte
}

type memorised struct {
	Providers map[string]health.Past `json:"providers,omitempty"`
	Alarms    []Alarm                `json:"alarms,omitempty"`
}

// load reads what was known. What another release wrote and cannot be read is
// not worth a start that fails.
func (m *memory) load(ctx context.Context) (known memorised, err error) {
	e, err := m.bucket.Get(ctx, memoryKey)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return known, nil
	case err != nil:
		return known, fmt.Errorf("read what is known of providers: %w", err)
	}
	if sonic.Unmarshal(e.Value, &known) != nil {
		return memorised{}, nil
	}
	return known, nil
}

// save writes what is known when that has changed.
func (m *memory) save(ctx context.Context, known memorised) error {
	data, err := sonic.ConfigStd.Marshal(known) // which orders maps
	if err != nil || bytes.Equal(data, m.saved) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rememberFor)
	defer cancel()
	if _, err = m.bucket.Put(ctx, memoryKey, data, engine.AnyRevision, 0); err == nil {
		m.saved = data
	}
	return err
}

// recall takes over what was known before this term.
func (t *term) recall(ctx context.Context) error {
	known, err := t.memory.load(ctx)
	if err != nil {
		return err
	}
	t.sched.remember(known.Providers)
	t.onset.remember(known.Alarms, t.deps.Runs.Now())
	return nil
}

// remember writes what is known each second, and once more at the end of the
// term. What cannot be written is written with the next.
func (t *term) remember(ctx context.Context) {
	for range tick.After(ctx, broadcastEvery) {
		_ = t.memory.save(ctx, t.memorise())
	}
	_ = t.memory.save(context.WithoutCancel(ctx), t.memorise())
}

func (t *term) memorise() memorised {
	m := memorised{Providers: t.sched.pasts(), Alarms: t.report().broadcast.Alarms}
	for i, a := range m.Alarms { // what changes all the time would be written all the time
		m.Alarms[i] = Alarm{What: a.What, Name: a.Name, Since: a.Since}
	}
	return m
}

// pasts are what the configured providers' calls came to.
func (s *scheduler) pasts() map[string]health.Past {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]health.Past)
	for _, p := range s.deps.Runs.Router.Config().Providers {
		if past := s.board.health.Past(p.Name); past.Recent != "" {
			all[p.Name] = past
		}
	}
	return all
}

func (s *scheduler) remember(pasts map[string]health.Past) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board.health.Remember(pasts)
}
