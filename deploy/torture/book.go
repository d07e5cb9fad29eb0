package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// kind is a kind of fault: a row of the table that must say zero.
type kind int

const (
	lost          kind = iota // accepted, and gone or never finished
	resurrected               // deleted, and seen or worked on again
	finishedTwice             // two ends, or an end that changed
	eventMissing
	eventRepeated
	unbooked  // money that the ledger does not know, or knows twice
	overspent // a budget, by more than one picture
	paidTwice // a provider's call outside policy
	forsaken  // a job that the vendor had a name for, given up
	illegal   // a step the state machine does not have, progress that fell
	surprise  // an answer that the contract does not know
	leftover  // an object of something deleted
	crash     // a process that ended by itself
	late      // an answer that took longer than we promise
	rude      // a refusal that is no 503, or does not say when to come back
	slow      // something that was not back in time
	untrue    // readiness that says what is not so
	weakened  // a stream that lost copies
	noisy     // a log that says too much
	kinds
)

func (k kind) String() string {
	return [...]string{
		"lost", "resurrected", "finished twice", "events missing", "events repeated", "money booked wrongly", "budgets overspent", "calls twice outside policy", "paid jobs given up",
		"illegal steps", "wrong answers", "left behind", "crashes",
		"late answers", "refusals without a way back", "late recoveries", "false readiness", "streams weakened", "noisy logs",
	}[k]
}

// entry is one accepted task and all that is known of it.
type entry struct {
	session *client.Session
	id      task.ID
	key     string
	again   func(ctx context.Context, other bool) (client.Task, error) // the same request once more, or another one under its key
	at      time.Time
	started chan struct{} // closed when the stream shows it running
	ended   chan struct{} // closed when its reader is done

	mu       sync.Mutex
	trail    trail
	condemn  bool // a deletion was asked for
	canceled bool // a cancel was asked for
	deleted  time.Time
	gone     bool // its stream answered 404
}

func (e *entry) condemned() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.condemn
}

// book is what all clients write down.
type book struct {
	submitted atomic.Int64
	accepted  atomic.Int64
	finished  atomic.Int64
	deleted   atomic.Int64
	canceled  atomic.Int64
	replayed  atomic.Int64
	refused   atomic.Int64 // keys refused as they should be
	dropped   atomic.Int64 // answers thrown away
	gaveUp    atomic.Int64 // clients that got no answer at all
	broke     atomic.Int64 // requests refused because the budgets were spent
	streams   atomic.Int64 // connections
	stalled   atomic.Int64 // streams that missed an event until they reconnected
	broken    atomic.Int64 // streams that the gateway ended before the task
	erasures  atomic.Int64 // whole sessions

	mu      sync.Mutex
	erased  map[*client.Session]bool
	entries []*entry
	faults  [kinds]int
	details []string
}

const mostDetails = 100

func newBook() *book { return &book{erased: map[*client.Session]bool{}} }

// fault counts n faults of a kind and keeps what was seen.
func (b *book) fault(k kind, n int, id task.ID, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults[k] += n
	if len(b.details) < mostDetails {
		b.details = append(b.details, fmt.Sprintf("%s: task %s: %s", k, id, fmt.Sprintf(format, args...)))
	}
}

func (b *book) total() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		n += f
	}
	return n
}

// accept opens the entry of a task whose 202 arrived.
func (b *book) accept(e *entry) *entry {
	e.at, e.started, e.ended = time.Now(), make(chan struct{}), make(chan struct{})
	b.accepted.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
	return e
}

// erase notes that everything of a session is gone.
func (b *book) erase(s *client.Session) {
	b.erasures.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erased[s] = true
	for _, e := range b.entries {
		if e.session == s && e.deleted.IsZero() {
			e.mu.Lock()
			e.condemn, e.deleted = true, time.Now()
			e.mu.Unlock()
		}
	}
}
