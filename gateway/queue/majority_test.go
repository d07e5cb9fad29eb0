package queue

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A leader that lost the others still answers for its stream.
func TestALeaderAloneIsNoAnswer(t *testing.T) {
	t.Parallel()
	here := &jetstream.PeerInfo{Active: time.Second}
	silent := &jetstream.PeerInfo{Active: 3 * time.Second}
	offline := &jetstream.PeerInfo{Active: time.Millisecond, Offline: true}
	for name, x := range map[string]struct {
		others []*jetstream.PeerInfo
		want   bool
	}{
		"one node":          {nil, true},
		"all there":         {[]*jetstream.PeerInfo{here, here}, true},
		"one of three away": {[]*jetstream.PeerInfo{here, silent}, true},
		"two of three away": {[]*jetstream.PeerInfo{offline, silent}, false},
		"one of two away":   {[]*jetstream.PeerInfo{silent}, false},
		"two of five away":  {[]*jetstream.PeerInfo{here, here, silent, offline}, true},
		"three of five":     {[]*jetstream.PeerInfo{here, silent, silent, offline}, false},
	} {
		if got := majority(x.others); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
