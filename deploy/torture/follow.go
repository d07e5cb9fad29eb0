package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const (
	quiet  = 6 * time.Second // then a reader asks whether it missed something
	excuse = 4 * time.Second // and gives the stream so long to deliver it
)

// reader follows one task's stream to its end. It cuts connections itself, and
// each new one goes to any gateway.
type reader struct {
	book  *book
	entry *entry
	rand  *rand.Rand
}

// run returns when the task has ended, is gone, or ctx has ended.
func (r *reader) run(ctx context.Context) {
	defer close(r.entry.ended)
	for ctx.Err() == nil {
		if r.connection(ctx) {
			r.encore(ctx)
			return
		}
		rig.Wait(ctx, time.Duration(20+r.rand.IntN(200))*time.Millisecond)
	}
}

// connection reads one connection and reports whether the task is done.
func (r *reader) connection(ctx context.Context) (done bool) {
	e := r.entry
	e.mu.Lock()
	e.trail.connect()
	after := ""
	if e.trail.last > 0 {
		after = strconv.FormatUint(e.trail.last, 10)
	}
	e.mu.Unlock()
	r.book.streams.Add(1)
	st, err := e.session.Stream(ctx, e.id, after)
	if err != nil {
		return r.refused(err)
	}
	defer st.Close()
	return r.read(ctx, st)
}

// refused decides about a stream that was not opened.
func (r *reader) refused(err error) (done bool) {
	e := r.entry
	switch status := client.Status(err); {
	case errors.Is(err, client.ErrEnded):
		e.mu.Lock()
		over := e.trail.rest()
		e.mu.Unlock()
		if !over {
			r.book.fault(eventMissing, 1, e.id, "204 before the terminal event")
		}
		return true
	case status == http.StatusNotFound:
		e.mu.Lock()
		e.gone = true
		e.mu.Unlock()
		if !e.condemned() {
			r.book.fault(lost, 1, e.id, "its stream answers 404")
		}
		return true
	case status >= 400 && status != http.StatusTooManyRequests && status < 502, status == http.StatusInternalServerError:
		r.book.fault(surprise, 1, e.id, "stream: %v", err)
		return true
	default: // a gateway is down or not ready
		return false
	}
}

type arrival struct {
	event client.Event
	err   error
}

// read takes events until the connection ends, or until the reader cuts it.
func (r *reader) read(ctx context.Context, st *client.Stream) (done bool) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	arrivals := make(chan arrival)
	go func() {
		for {
			ev, err := st.Next()
			select {
			case arrivals <- arrival{ev, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	cutAfter := 1 + r.rand.IntN(6) // most streams are cut before they end
	silence := time.NewTimer(quiet)
	defer silence.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return false
		case a := <-arrivals:
			if a.err != nil {
				r.book.broken.Add(1)
				return false
			}
			if done = r.take(a.event); done || n == cutAfter {
				return done
			}
			silence.Reset(quiet)
		case <-silence.C:
			n--
			if r.behind(ctx, arrivals) {
				return false
			}
			silence.Reset(quiet)
		}
	}
}

// take checks an event and reports whether it was the last.
func (r *reader) take(ev client.Event) (done bool) {
	e := r.entry
	e.mu.Lock()
	faults := e.trail.see(ev)
	state, over := e.trail.state, e.trail.terminal != ""
	e.mu.Unlock()
	for _, f := range faults {
		r.book.fault(f.kind, f.n, e.id, "%s", f.text)
	}
	if state != "" && state != "queued" {
		select {
		case <-e.started:
		default:
			close(e.started)
		}
	}
	return over
}

// behind reports whether the task has gone on while its stream was silent. Such
// a stream has lost an event, which its client gets by reconnecting.
func (r *reader) behind(ctx context.Context, arrivals <-chan arrival) bool {
	e := r.entry
	doc, err := e.session.Get(ctx, e.id)
	e.mu.Lock()
	last := e.trail.last
	e.mu.Unlock()
	if err != nil || doc.Version <= last {
		return false
	}
	t := time.NewTimer(excuse)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case a := <-arrivals:
		if a.err == nil {
			r.take(a.event)
		}
	case <-t.C:
		r.book.stalled.Add(1)
	}
	return true
}

// encore opens some finished streams again. After the terminal event nothing
// may follow, and a new stream must show the snapshot and the same end.
func (r *reader) encore(ctx context.Context) {
	e := r.entry
	e.mu.Lock()
	last, name := e.trail.last, e.trail.terminal
	e.mu.Unlock()
	if name == "" || e.condemned() || r.rand.IntN(4) > 0 {
		return
	}
	if st, err := e.session.Stream(ctx, e.id, strconv.FormatUint(last, 10)); err == nil {
		if ev, err := st.Next(); err == nil && !e.condemned() {
			r.book.fault(eventRepeated, 1, e.id, "event %s %s after the end (%d)", ev.ID, ev.Name, last)
		}
		st.Close()
	} else if status := client.Status(err); status != 0 && status < 500 && !e.condemned() {
		r.book.fault(surprise, 1, e.id, "stream after the end: %v", err)
	}
	st, err := e.session.Stream(ctx, e.id, "")
	if err != nil {
		return
	}
	defer st.Close()
	var again trail
	again.connect()
	for {
		ev, err := st.Next()
		if err != nil {
			break
		}
		for _, f := range again.see(ev) {
			r.book.fault(f.kind, f.n, e.id, "read again: %s", f.text)
		}
	}
	if again.terminal != "" && (again.terminal != name || again.last != last) {
		r.book.fault(finishedTwice, 1, e.id, "ended as %s (%d), later as %s (%d)", name, last, again.terminal, again.last)
	}
}
