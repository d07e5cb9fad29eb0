package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is one message that an engine holds. A bucket's are those of the
// stream "B_<bucket>".
type Message struct {
	Stream  string
	Subject string
	Header  map[string][]string
	Data    []byte
}

// Marker reports whether the message says nothing but that something is gone,
// and that for a minute at most.
func (m Message) Marker() bool {
	kept, err := time.ParseDuration(strings.Join(m.Header[jetstream.MsgTTLHeader], ""))
	return len(m.Data) == 0 && err == nil && kept <= time.Minute
}

// Messages lists everything that an engine holds, in every stream.
func Messages(ctx context.Context, url, token string) (all []Message, err error) {
	conn, err := nats.Connect(url, nats.Token(token))
	if err != nil {
		return nil, fmt.Errorf("reach engine: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("reach engine: %w", err)
	}
	streams := js.StreamNames(ctx)
	for name := range streams.Name() {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("open stream %s: %w", name, err)
		}
		of, err := messages(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", name, err)
		}
		all = append(all, of...)
	}
	return all, streams.Err()
}

func messages(ctx context.Context, s jetstream.Stream) (all []Message, err error) {
	for next := uint64(1); ; {
		m, err := s.GetMsg(ctx, next, jetstream.WithGetMsgSubject(">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Message{Stream: s.CachedInfo().Config.Name, Subject: m.Subject, Header: m.Header, Data: m.Data})
		next = m.Sequence + 1
	}
}
