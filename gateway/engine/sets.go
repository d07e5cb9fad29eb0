package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ErrFull is what Sets.Add returns for one key too many.
var ErrFull = errors.New("set is full")

// Sets are named sets of keys, each of which holds at most a given number of
// keys. A key may begin with the name of its owner and a dot. A set is a stream with one message a key that refuses one too many:
// the engine counts for all gateways, and the count survives them all.
type Sets struct {
	engine  *Engine
	stream  string   // prefix of the streams' names
	subject string   // first token of their subjects
	streams sync.Map // by name of the set: jetstream.Stream
}

// Sets are those whose streams are named stream + name, with the subjects
// subject.name.key.
func (e *Engine) Sets(stream, subject string) *Sets {
	return &Sets{engine: e, stream: stream, subject: subject}
}

func (s *Sets) key(name, key string) string { return s.subject + "." + name + "." + key }

// Open makes a set, or changes how many keys it holds. Keys beyond a smaller
// number stay until they are removed.
func (s *Sets) Open(ctx context.Context, name string, most int64) error {
	st, err := s.engine.Stream(ctx, jetstream.StreamConfig{
		Name: s.stream + name, Subjects: []string{s.key(name, "*"), s.key(name, "*.*")}, Storage: jetstream.FileStorage,
		MaxMsgs: most, MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, AllowMsgTTL: true,
	})
	if err == nil {
		s.streams.Store(name, st)
		err = s.engine.Limit(ctx, s.stream+name, most)
		s.engine.streams.ending(s.stream + name)
	}
	return err
}

// Add puts a key into a set for ttl; a key that is in it stays as it is. When
// the set is full the error is ErrFull.
func (s *Sets) Add(ctx context.Context, name, key string, ttl time.Duration) error {
	m := nats.NewMsg(s.key(name, key))
	_, err := s.engine.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(0), TTL(ttl))
	if timedOut(err) && ctx.Err() == nil { // a repeat finds the key, if it is there
		_, err = s.engine.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(0), TTL(ttl))
	}
	if err == nil || fault.KindOf(Classify(err)) == fault.Conflict {
		return nil
	}
	if !Full(err) {
		return fmt.Errorf("add to %s: %w", name, Classify(err))
	}
	if _, err := s.Added(ctx, name, key); err == nil {
		return nil
	}
	return ErrFull
}

// Added is when a key was added, fault.NotFound when the set does not hold it.
func (s *Sets) Added(ctx context.Context, name, key string) (time.Time, error) {
	st, err := s.find(ctx, name)
	if err != nil {
		return time.Time{}, err
	}
	m, err := st.GetLastMsgForSubject(ctx, s.key(name, key))
	if err != nil {
		return time.Time{}, Classify(err)
	}
	return m.Time, nil
}

// Remove takes a key out of a set. A key or a set that is not there is no
// error.
func (s *Sets) Remove(ctx context.Context, name, key string) error {
	st, err := s.find(ctx, name)
	if err == nil {
		err = s.classify(name, st.Purge(ctx, jetstream.WithPurgeSubject(s.key(name, key))))
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return fmt.Errorf("remove from %s: %w", name, err)
	}
	return nil
}

// Len is how many keys a set holds, 0 for one that is not there.
func (s *Sets) Len(ctx context.Context, name string) (int64, error) {
	info, err := s.info(ctx, name)
	if err != nil || info == nil {
		return 0, err
	}
	return int64(info.State.Msgs), nil
}

// Count is how many keys of a set begin with owner and a dot.
func (s *Sets) Count(ctx context.Context, name, owner string) (int64, error) {
	info, err := s.info(ctx, name, jetstream.WithSubjectFilter(s.key(name, owner+".*")))
	if err != nil || info == nil {
		return 0, err
	}
	return int64(len(info.State.Subjects)), nil
}

// Keys lists the keys of a set, none for one that is not there.
func (s *Sets) Keys(ctx context.Context, name string) (keys []string, err error) {
	info, err := s.info(ctx, name, jetstream.WithSubjectFilter(s.key(name, ">")))
	if err != nil || info == nil {
		return nil, err
	}
	for subject := range info.State.Subjects {
		keys = append(keys, subject[len(s.key(name, "")):])
	}
	return keys, nil
}

// Drop removes the empty sets that are older than age and not to be kept.
func (s *Sets) Drop(ctx context.Context, age time.Duration, keep func(name string) bool) error {
	list := s.engine.js.ListStreams(ctx, jetstream.WithStreamListSubject(s.subject+".>"))
	for info := range list.Info() {
		name, ours := strings.CutPrefix(info.Config.Name, s.stream)
		if !ours || keep(name) || info.State.Msgs > 0 || time.Since(info.Created) < age {
			continue
		}
		if err := s.classify(name, s.engine.js.DeleteStream(ctx, info.Config.Name)); err != nil && fault.KindOf(err) != fault.NotFound {
			return fmt.Errorf("drop %s: %w", name, err)
		}
		s.streams.Delete(name)
	}
	return Classify(list.Err())
}

// find opens a set that this gateway did not open itself.
func (s *Sets) find(ctx context.Context, name string) (jetstream.Stream, error) {
	if st, known := s.streams.Load(name); known {
		return st.(jetstream.Stream), nil
	}
	st, err := s.engine.js.Stream(ctx, s.stream+name)
	if err != nil {
		return nil, s.classify(name, err)
	}
	s.streams.Store(name, st)
	return st, nil
}

// info is nil for a set that is not there.
func (s *Sets) info(ctx context.Context, name string, opts ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	st, err := s.find(ctx, name)
	if err == nil {
		var info *jetstream.StreamInfo
		if info, err = st.Info(ctx, opts...); err == nil {
			return info, nil
		}
		err = s.classify(name, err)
	}
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return nil, fmt.Errorf("look into %s: %w", name, err)
}

// classify is Classify where a stream that is not there is fault.NotFound.
func (s *Sets) classify(name string, err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		s.streams.Delete(name)
		return fault.Wrap(fault.NothingHere, err)
	}
	return Classify(err)
}

// Full reports whether the engine refused a message because its stream, or the
// engine itself, takes no more.
func Full(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (strings.Contains(api.Description, "maximum messages exceeded") ||
		strings.Contains(api.Description, "maximum bytes exceeded") || strings.Contains(api.Description, "resource limits exceeded"))
}
