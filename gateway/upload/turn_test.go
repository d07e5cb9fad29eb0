package upload

import (
	"net/netip"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Workers are told the same of a session by every gateway, and nothing that a
// hash of all addresses would give away.
func TestAPhotoTakesTurnsWithThoseOfItsSessionAndNetwork(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.ready1(t, "photo")
	told, _ := f.judge.turn.Load().(workerrpc.Turn)
	mine := f.turn(f.id, netip.MustParseAddr("2001:db8:1:7::1"))
	if told.Session == "" || told.Session != mine.Session || told.Network == "" || told.Site == "" {
		t.Errorf("the worker is told %+v", told)
	}
	if other := f.gateway(t, Defaults()).turn(f.id, netip.MustParseAddr("2001:db8:1:7::2")); other != mine {
		t.Errorf("another gateway says %+v of the same /64, want %+v", other, mine)
	}
	if next := f.turn(session.ID(task.NewID()), netip.MustParseAddr("2001:db8:1:8::1")); next.Site != mine.Site || next.Network == mine.Network || next.Session == mine.Session {
		t.Errorf("of another /64 of the same /48: %+v, want only the site of %+v", next, mine)
	}
	f.keys = otherRing{}
	if f.turn(f.id, netip.MustParseAddr("2001:db8:1:7::1")).Network == mine.Network {
		t.Error("the network is told without a key")
	}
}

// otherRing has another key.
type otherRing struct{ ring }

func (r otherRing) Sign(purpose string, msg []byte) []byte { return r.ring.Sign("other "+purpose, msg) }
