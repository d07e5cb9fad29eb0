package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	mostReplicas  = 3                // of a stream where the configuration names no number
	nodesPatience = 30 * time.Second // for the nodes of a cluster that starts

	errNoPeers     jetstream.ErrorCode = 10005 // the cluster has too few nodes for the replicas
	errUnclustered jetstream.ErrorCode = 10074 // one node keeps one replica
)

// registry holds the streams that this process uses.
type registry struct {
	mu   sync.Mutex
	used map[string]*stream
}

// stream is one that this process uses: what the engine has, and what the
// configuration of this process asks for.
type stream struct {
	jetstream.Stream

	want jetstream.StreamConfig
	most atomic.Int64 // messages, where operators change that; 0 for what want says
	ends atomic.Bool  // any gateway may drop it

	bytes atomic.Uint64 // that it had when a probe looked last
}

// wants is what the stream shall be now.
func (s *stream) wants() jetstream.StreamConfig {
	c := s.want
	if most := s.most.Load(); most != 0 {
		c.MaxMsgs = most
	}
	return c
}

func (r *registry) add(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used == nil {
		r.used = make(map[string]*stream)
	}
	r.used[s.want.Name] = s
}

// ending notes that a stream may be dropped by any gateway.
func (r *registry) ending(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.used[name]; s != nil {
		s.ends.Store(true)
	}
}

// forget takes out a stream that was dropped.
func (r *registry) forget(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used[s.want.Name] == s {
		delete(r.used, s.want.Name)
	}
}

// limit notes how many messages a stream shall hold.
func (r *registry) limit(name string, most int64) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.used[name]
	s.most.Store(most)
	return s
}

// all are the streams by name.
func (r *registry) all() []*stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*stream, 0, len(r.used))
	for _, s := range r.used {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y *stream) int { return cmp.Compare(x.want.Name, y.want.Name) })
	return all
}

// Stream opens a stream. It creates one that is missing, and adds to one that
// is there what can be added: a subject, an option that permits more. It
// changes nothing else: Run tells where the stream is not what c asks for.
// Like Open, it waits until ctx ends for an engine that is away: a gateway that
// starts while the engine restarts must not give up half-way.
//
// Replicas and AllowDirect of c are not used: the engine's configuration says
// how many replicas a new stream gets, and with more than one only its leader
// answers reads, because one that lags would deny what was just acknowledged.
func (e *Engine) Stream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	var s *stream
	began := time.Now()
	err := e.Insist(ctx, func(ctx context.Context) (err error) {
		s, err = e.open(ctx, c, time.Since(began))
		return err
	})
	if err != nil && !judged(err) {
		err = Classify(err)
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", c.Name, err)
	}
	e.streams.add(s)
	return s, nil
}

// judged reports whether the engine, or what it has, refused a stream.
func judged(err error) bool {
	var refused refusal
	var api *jetstream.APIError
	return errors.As(err, &refused) || errors.As(err, &api)
}

// few reports whether the engine has too few nodes now.
func few(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == errNoPeers || api.ErrorCode == errUnclustered)
}

// open is one try, after the tries before have taken some time.
func (e *Engine) open(ctx context.Context, c jetstream.StreamConfig, tried time.Duration) (*stream, error) {
	s, err := e.js.Stream(ctx, c.Name)
	if err == nil {
		return e.join(ctx, &stream{Stream: s, want: c})
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, err
	}
	c.Replicas = e.Replicas()
	c.AllowDirect = c.Replicas == 1
	if s, err = e.js.CreateStream(ctx, c); err == nil {
		return &stream{Stream: s, want: c}, nil
	}
	e.settle(c, err, tried)
	return nil, err
}

// settle lowers how many replicas new streams get when the engine has too few
// nodes: for a cluster after a while, because its nodes may be on their way, and
// never to one, which would not outlive a node.
func (e *Engine) settle(c jetstream.StreamConfig, err error, tried time.Duration) {
	nodes := int64(c.Replicas)
	var api *jetstream.APIError
	switch {
	case !errors.As(err, &api):
		return
	case api.ErrorCode == errUnclustered:
		nodes = 1
	case api.ErrorCode == errNoPeers && c.Replicas > 2 && tried > nodesPatience:
		nodes--
	default:
		return
	}
	e.log.Warn("engine has too few nodes", "stream", c.Name, "replicas", c.Replicas, "then", nodes, "err", err)
	e.nodes.Store(nodes)
}

// Replicas is how many replicas a stream gets that is created now: what the
// configuration says, and where it says nothing as many as the engine has
// nodes, three at most. One node keeps one.
func (e *Engine) Replicas() int {
	if e.conn.ConnectedClusterName() == "" {
		return 1
	}
	return min(cmp.Or(e.replicas, mostReplicas), int(e.nodes.Load()))
}

// refusal is a fault of the configuration that only the engine shows.
type refusal struct{ words string }

// Error implements error.
func (r refusal) Error() string { return r.words }

// join takes a stream that is there and adds what is missing.
func (e *Engine) join(ctx context.Context, s *stream) (*stream, error) {
	has := s.CachedInfo().Config
	if e.replicas > 0 && e.replicas < has.Replicas {
		return nil, refusal{fmt.Sprintf("engine.replicas: is %d, and the stream %s has %d replicas; write %d, or leave the key out (imgctl engine apply --replicas reduces them)",
			e.replicas, has.Name, has.Replicas, has.Replicas)}
	}
	missing, err := additions(has, s.want)
	if err != nil || len(missing) == 0 {
		return s, err
	}
	if err := e.change(ctx, has.Name, missing); err != nil {
		return nil, err
	}
	e.log.Info("stream extended", "stream", has.Name, "options", strings.Join(optionNames(missing), ","))
	_, err = s.Info(ctx)
	return s, err
}

// change sets some options of a stream and leaves all others, those that this
// release does not know too.
func (e *Engine) change(ctx context.Context, name string, options map[string]any) error {
	now, err := e.raw(ctx, "INFO", name, nil)
	if err != nil {
		return err
	}
	for option, value := range options {
		if now[option], err = json.Marshal(value); err != nil {
			return err
		}
	}
	_, err = e.raw(ctx, "UPDATE", name, now)
	return err
}

// raw asks the engine about a stream and returns the stream's options as they
// came.
func (e *Engine) raw(ctx context.Context, verb, name string, options map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	var body []byte
	if options != nil {
		var err error
		if body, err = json.Marshal(options); err != nil {
			return nil, err
		}
	}
	m, err := e.conn.RequestWithContext(ctx, "$JS.API.STREAM."+verb+"."+name, body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Config map[string]json.RawMessage `json:"config"`
		Error  *jetstream.APIError        `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return nil, fmt.Errorf("read options of %s: %w", name, err)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return answer.Config, nil
}

// read reads a message, and reads again when nobody answered a direct read
// because the stream has become one of which only the leader answers.
func read(ctx context.Context, s jetstream.Stream, get func() (*jetstream.RawStreamMsg, error)) (*jetstream.RawStreamMsg, error) {
	m, err := get()
	if !unheard(err) || !s.CachedInfo().Config.AllowDirect {
		return m, err
	}
	if now, infoErr := s.Info(ctx); infoErr != nil || now.Config.AllowDirect {
		return m, err
	}
	return get()
}

func unheard(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrJetStreamNotEnabled)
}
