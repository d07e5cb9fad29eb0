package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// marks are the streams to which the last publish failed. Publishing costs one
// look at a number while there are none.
type marks struct {
	streams *registry

	n     atomic.Int64
	mu    sync.Mutex
	stand map[string]mark
}

// mark is why a publish failed, and since when they do.
type mark struct {
	err   error
	since time.Time
}

// take notes how a publish ended.
func (m *marks) take(ctx context.Context, subject string, ack *jetstream.PubAck, err error) {
	switch {
	case err == nil && m.n.Load() > 0:
		m.clear(ack.Stream)
	case err != nil && ctx.Err() == nil && unfit(err):
		m.set(subject, err)
	}
}

// clear notes that a stream takes messages.
func (m *marks) clear(stream string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.stand, stream)
	m.n.Store(int64(len(m.stand)))
}

func (m *marks) set(subject string, err error) {
	s := m.streams.taking(subject)
	if s == nil {
		return
	}
	stream := s.want.Name
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stand == nil {
		m.stand = make(map[string]mark)
	}
	since := time.Now()
	if old, again := m.stand[stream]; again {
		since = old.since
	}
	m.stand[stream] = mark{err: err, since: since}
	m.n.Store(int64(len(m.stand)))
}

// of is the mark of a stream.
func (m *marks) of(stream string) (mark, bool) {
	if m.n.Load() == 0 {
		return mark{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	is, stands := m.stand[stream]
	return is, stands
}

// stuck says why a stream has taken nothing for so long, nil when none has.
func (m *marks) stuck(long time.Duration) error {
	if m.n.Load() == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for stream, is := range m.stand {
		if time.Since(is.since) > long {
			return fmt.Errorf("stream %s takes no message since %s: %s", stream, is.since.Format(time.TimeOnly), reason(is.err))
		}
	}
	return nil
}

// forget clears all marks: another server is to be judged by what it does.
func (m *marks) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stand = nil
	m.n.Store(0)
}

// unfit reports whether a publish failed because of its stream: nobody
// answered, or the engine has no means. A message that the stream does not want
// says nothing about it, nor does a connection that is away.
func unfit(err error) bool {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return (api.Code >= http.StatusInternalServerError || exhausted(api)) && !atLimit(api)
	}
	return timedOut(err) && !errors.Is(err, nats.ErrDisconnected) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// exhausted reports whether the engine itself takes no more.
func exhausted(api *jetstream.APIError) bool {
	return strings.Contains(api.Description, "resource limits exceeded")
}

// atLimit reports whether the stream has as much as operators let it have.
func atLimit(api *jetstream.APIError) bool {
	return strings.Contains(api.Description, "maximum messages") || strings.Contains(api.Description, "maximum bytes exceeded") ||
		strings.Contains(api.Description, "message size exceeds")
}

// taking finds the stream that takes a subject, nil when this process uses
// none.
func (r *registry) taking(subject string) *stream {
	for _, s := range r.all() {
		for _, pattern := range s.want.Subjects {
			if covers(pattern, subject) {
				return s
			}
		}
	}
	return nil
}

// covers reports whether a subject with wildcards takes another one.
func covers(pattern, subject string) bool {
	for {
		p, morePattern, more := strings.Cut(pattern, ".")
		s, moreSubject, left := strings.Cut(subject, ".")
		switch {
		case p == ">":
			return true
		case p != "*" && p != s, more != left:
			return false
		case !more:
			return true
		}
		pattern, subject = morePattern, moreSubject
	}
}
