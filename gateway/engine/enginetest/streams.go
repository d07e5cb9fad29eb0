package enginetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// askWithin bounds one question about a stream: nobody answers for one that
// has no leader.
const askWithin = 700 * time.Millisecond

// Stream is how a stream of a cluster stands.
type Stream struct {
	Name     string
	Leader   string // the name of its node, "" without one
	Replicas int    // 0 without a leader
	Current  bool   // all of them are there and have what the leader has
}

// Streams asks a running cluster how its streams stand.
func Streams(ctx context.Context, url, token string) ([]Stream, error) {
	conn, err := nats.Connect(url, nats.Token(token), nats.Timeout(askWithin))
	if err != nil {
		return nil, fmt.Errorf("reach engine: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(askWithin))
	if err != nil {
		return nil, fmt.Errorf("reach engine: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*askWithin)
	defer cancel()
	names := js.StreamNames(ctx)
	var all []Stream
	for name := range names.Name() {
		all = append(all, Stream{Name: name})
	}
	if err := names.Err(); err != nil {
		return nil, fmt.Errorf("list streams: %w", err)
	}
	var asked sync.WaitGroup
	for i := range all {
		asked.Go(func() { all[i].ask(ctx, js) })
	}
	asked.Wait()
	slices.SortFunc(all, func(a, b Stream) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (s *Stream) ask(ctx context.Context, js jetstream.JetStream) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	found, err := js.Stream(ctx, s.Name)
	if err != nil {
		return
	}
	s.Replicas = found.CachedInfo().Config.Replicas
	if c := found.CachedInfo().Cluster; c != nil {
		s.Leader = c.Leader
		s.Current = !slices.ContainsFunc(c.Replicas, func(p *jetstream.PeerInfo) bool { return p.Offline || !p.Current })
	}
}
