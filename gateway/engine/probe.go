package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	probeStream  = "PROBE"
	probeSubject = "probe."
	probeKept    = time.Hour // of a gateway that is gone
	probeMost    = 256       // gateways
	probeWithin  = 1500 * time.Millisecond

	noStream = "none" // no stream has this name
)

// Probe finds out whether the engine does what a gateway needs: it writes to a
// small stream of its own, and reads leader and state of all others.
type Probe struct {
	engine  *Engine
	subject string
}

// Probe makes the stream for it when it is missing. Each gateway writes one
// message of it, over and over, under its own id.
func (e *Engine) Probe(ctx context.Context, id string) (*Probe, error) {
	_, err := e.Stream(ctx, jetstream.StreamConfig{
		Name: probeStream, Subjects: []string{probeSubject + "*"}, Storage: jetstream.FileStorage,
		MaxMsgsPerSubject: 1, MaxMsgs: probeMost, MaxAge: probeKept, Discard: jetstream.DiscardOld,
	})
	if err != nil {
		return nil, err
	}
	return &Probe{engine: e, subject: probeSubject + id}, nil
}

// Check says what is wrong with the engine now, and which streams have it. It
// answers soon.
func (p *Probe) Check(ctx context.Context) error {
	e := p.engine
	if err := e.connected(); err != nil {
		return err
	}
	if e.host != nil {
		if err := errors.Join(e.room.accepts(), e.host.broken()); err != nil {
			return fault.Wrap(fault.EngineUnavailable, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	streams := e.streams.all()
	found := make([]error, len(streams)+1)
	var all sync.WaitGroup
	all.Go(func() { found[len(streams)] = p.write(ctx) })
	for i, s := range streams {
		all.Go(func() { found[i] = e.look(ctx, s) })
	}
	all.Wait()
	return together(found)
}

// write publishes to the stream of probes.
func (p *Probe) write(ctx context.Context) error {
	if _, err := p.engine.js.PublishMsg(ctx, &nats.Msg{Subject: p.subject}); err != nil {
		return fmt.Errorf("stream %s takes no message: %s", probeStream, reason(err))
	}
	return nil
}

// look reads leader and state of a stream. One to which a publish failed is
// asked to refuse a message: whoever can refuse it takes others.
func (e *Engine) look(ctx context.Context, s *stream) error {
	name := s.want.Name
	info, err := s.Info(ctx)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && s.ends.Load():
		e.streams.forget(s)
		e.marks.clear(name)
		return nil
	case errors.Is(err, jetstream.ErrStreamNotFound) && s.want.Storage == jetstream.MemoryStorage:
		err = e.remake(ctx, s)
	case err == nil && info.Cluster != nil && info.Cluster.Leader == "":
		err = errors.New("it has no leader")
	case err == nil:
		s.bytes.Store(info.State.Bytes)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %s", name, reason(err))
	}
	if m, stands := e.marks.of(name); stands {
		if e.refuses(ctx, s) != nil {
			return fmt.Errorf("stream %s takes no message since %s: %s", name, m.since.Format(time.TimeOnly), reason(m.err))
		}
		e.marks.clear(name)
	}
	return nil
}

// Bytes is the size of the streams that this gateway uses, when they were
// probed last.
func (e *Engine) Bytes() (sum uint64) {
	for _, s := range e.streams.all() {
		sum += s.bytes.Load()
	}
	return sum
}

// refuses publishes what the stream must not take.
func (e *Engine) refuses(ctx context.Context, s *stream) error {
	subject := strings.NewReplacer("*", noStream, ">", noStream).Replace(s.want.Subjects[0])
	_, err := e.js.PublishMsg(ctx, &nats.Msg{Subject: subject}, jetstream.WithExpectStream(noStream))
	var api *jetstream.APIError
	if errors.As(err, &api) && !unfit(err) {
		return nil
	}
	return cmp.Or(err, errors.New("it took a message that was for another stream"))
}

// remake makes a memory stream again that was gone with its engine.
func (e *Engine) remake(ctx context.Context, s *stream) error {
	_, err := e.open(ctx, s.wants(), 0)
	if err == nil {
		e.log.Info("stream made again", "stream", s.want.Name)
	}
	return err
}

// reason says in an operator's words why a stream cannot be used.
func reason(err error) string {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return "it is gone"
	case errors.As(err, &api):
		return api.Description
	}
	return cause(err)
}

// together names what is wrong, some of it when it is much.
func together(found []error) error {
	var words []string
	for _, err := range found {
		if err != nil {
			words = append(words, err.Error())
		}
	}
	if words == nil {
		return nil
	}
	slices.Sort(words)
	return fault.Wrap(fault.EngineUnavailable, errors.New(several(words)))
}
