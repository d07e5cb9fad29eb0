package dispatch

import "time"

const (
	// announceAfter spares short waits the noise of queue events.
	announceAfter = 500 * time.Millisecond
	// announceMost bounds the writes of one tick.
	announceMost = 32
)

// announce ends the waiting tasks whose time is over or that nobody can pay
// for, and lists those whose position has changed enough to announce it.
func (b *board) announce(now time.Time) (announce []*item) {
	for i, it := range b.waiting.Ranked() {
		j := it.lease.Job
		switch {
		case now.After(j.Deadline), b.plans.Lacks(j, 0) != "":
			b.waiting.Remove(it.turn(), it)
			b.start(it, nil)
		case now.Sub(it.entered) >= announceAfter && len(announce) < announceMost && worthAnnouncing(it.position, i+1):
			it.position, it.announcing = i+1, true
			announce = append(announce, it)
		}
	}
	return announce
}

// worthAnnouncing follows the contract: when the position has halved and at each
// step below ten. A position that grew, because others had their fair turn
// first, is not news anybody wants.
func worthAnnouncing(before, now int) bool {
	return now*2 <= before || (now < 10 && now < before)
}
