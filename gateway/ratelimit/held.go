package ratelimit

import (
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Stream is an event stream, or a request that waits like one.
const Stream Action = "stream"

const (
	heldKey     = "0."             // in a message's key, where counts have the length of their window
	heldFor     = 20 * time.Second // after the last word of a gateway that ended without one
	heldRefresh = 5 * time.Second
)

// held is what sessions have open at once: here, and at other gateways as these
// say. Unlike a count it ends with its gateway.
type held struct {
	now   func() time.Time
	names namer

	mu        sync.Mutex
	own       map[task.SessionID]hold
	others    map[name][]elsewhere
	refreshed time.Time
}

// hold is how many are open, and how many others know of.
type hold struct{ n, told uint32 }

// elsewhere is how many another gateway has open.
type elsewhere struct {
	source, n uint32
	until     int64 // unix nanoseconds
}

func newHeld(now func() time.Time, names namer) *held {
	return &held{now: now, names: names, own: make(map[task.SessionID]hold), others: make(map[name][]elsewhere)}
}

// Holds says how many streams a session has open at this gateway, and returns
// how many it has at others.
func (l *Limiter) Holds(s task.SessionID, n int64) (elsewhere int64) {
	return l.held.set(s, uint32(n)) //nolint:gosec // few
}

func (h *held) set(s task.SessionID, open uint32) (elsewhere int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.own[s]
	one.n = open
	if one == (hold{}) {
		delete(h.own, s)
	} else {
		h.own[s] = one
	}
	if len(h.others) == 0 {
		return 0
	}
	now := h.now().UnixNano()
	for _, o := range h.others[h.names.session(Stream, s)] {
		if now < o.until {
			elsewhere += int64(o.n)
		}
	}
	return elsewhere
}

// collect returns what others do not know yet, and from time to time all. What
// came and went since the last call is not worth a word.
func (h *held) collect() (records []record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	all := now.Sub(h.refreshed) >= heldRefresh
	if all {
		h.refreshed = now
	}
	for s, one := range h.own {
		if one.n == one.told && !all {
			continue
		}
		records = append(records, record{name: h.names.session(Stream, s), until: now.Add(heldFor).UnixNano(), n: one.n})
		if one.told = one.n; one.n == 0 {
			delete(h.own, s)
			continue
		}
		h.own[s] = one
	}
	return records
}

// again makes collect return all once more: nobody heard of it. What ended
// meanwhile is forgotten by others in time.
func (h *held) again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refreshed = time.Time{}
}

// merge takes what another gateway says.
func (h *held) merge(source uint32, r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now().UnixNano()
	kept := h.others[r.name][:0]
	for _, o := range h.others[r.name] {
		if o.source != source && now < o.until {
			kept = append(kept, o)
		}
	}
	if r.n > 0 && now < r.until {
		kept = append(kept, elsewhere{source, r.n, min(r.until, now+int64(heldFor))})
	}
	if len(kept) == 0 {
		delete(h.others, r.name)
		return
	}
	h.others[r.name] = kept
}

// sweep forgets what gateways held that are gone.
func (h *held) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now().UnixNano()
	for n, all := range h.others {
		over := true
		for _, o := range all {
			over = over && now >= o.until
		}
		if over {
			delete(h.others, n)
		}
	}
}
