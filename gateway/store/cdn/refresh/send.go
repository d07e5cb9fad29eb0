package refresh

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	every = 5 * time.Second
	// orphaned is when addresses are sent that nobody released: whoever held
	// them was killed, and the removal is finished by others before that.
	orphaned = time.Minute
	// A claim is the first wait, too: should we be killed after the CDN was
	// asked, it is asked once more after that.
	firstWait = 30 * time.Second
	maxWait   = 10 * time.Minute
)

// Run sends what waits until ctx ends. Several gateways may do so: each
// address is claimed before it is sent.
func (q *Queue) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, every) {
		if err := q.Send(ctx); err != nil && ctx.Err() == nil {
			q.log.Error("CDN could not be refreshed", "code", fault.CodeOf(err), "err", err)
		}
	}
	return context.Cause(ctx)
}

// due is a note whose time has come.
type due struct {
	note
	id       string
	revision uint64
}

// Send asks the CDN once about what is due, within what it takes today. What
// it does not take stays and is tried again, later each time.
func (q *Queue) Send(ctx context.Context) error {
	ready, err := q.ready(ctx)
	if err != nil || len(ready) == 0 {
		return err
	}
	left, err := q.cdn.Left()
	if err != nil {
		if fault.KindOf(err) != fault.Forbidden { // who may refresh may yet not see the quota
			return fmt.Errorf("ask the CDN for its quota: %w", err)
		}
		left = map[kind]int{}
	}
	for _, k := range []kind{directories, files} {
		room := k.max()
		if n, known := left[k]; known {
			q.left.WithLabelValues(string(k)).Set(float64(n))
			room = min(room, n)
		}
		if err := q.send(ctx, k, ready, room); err != nil {
			return err
		}
	}
	return nil
}

// ready lists what may be sent now, and counts all that waits.
func (q *Queue) ready(ctx context.Context) ([]due, error) {
	var ready []due
	waiting := 0
	for e, err := range q.bucket.Entries(ctx, ">") {
		if err != nil {
			return nil, fmt.Errorf("list addresses: %w", err)
		}
		d := due{id: e.Key, revision: e.Revision}
		if json.Unmarshal(e.Value, &d.note) != nil {
			continue
		}
		if q.now().Sub(d.At) > q.keep {
			if err := q.giveUp(ctx, d); err != nil {
				return nil, err
			}
			continue
		}
		waiting += len(d.URLs)
		free := d.Released || q.now().Sub(e.Created) > orphaned
		if free && !q.now().Before(d.NotUntil) {
			ready = append(ready, d)
		}
	}
	q.waiting.Set(float64(waiting))
	return ready, nil
}

// giveUp forgets addresses whose pictures would be past retention by now: no
// signature opens them any more.
func (q *Queue) giveUp(ctx context.Context, d due) error {
	if err := q.bucket.Delete(ctx, d.id, d.revision); err != nil && fault.KindOf(err) != fault.Conflict {
		return fmt.Errorf("give addresses up: %w", err)
	}
	q.asked.WithLabelValues("given_up").Add(float64(len(d.URLs)))
	q.log.Warn("the CDN never took addresses of removed pictures", "urls", len(d.URLs), "tries", d.Tries)
	return nil
}

// send makes one call of one kind, of as many notes as there is room for.
func (q *Queue) send(ctx context.Context, k kind, ready []due, room int) error {
	var mine []due
	var urls []string
	for _, d := range ready {
		if d.Kind != k || len(urls)+len(d.URLs) > room {
			continue
		}
		claimed, err := q.claim(ctx, d)
		if err != nil {
			return err
		}
		if claimed != nil {
			mine, urls = append(mine, *claimed), append(urls, d.URLs...)
		}
	}
	if len(urls) == 0 {
		return nil
	}
	if err := q.cdn.Refresh(k, urls); err != nil {
		q.asked.WithLabelValues("failed").Add(float64(len(urls)))
		return fmt.Errorf("refresh %d addresses: %w", len(urls), err)
	}
	q.asked.WithLabelValues("taken").Add(float64(len(urls)))
	for _, d := range mine {
		if err := q.bucket.Delete(ctx, d.id, d.revision); err != nil && fault.KindOf(err) != fault.Conflict {
			return fmt.Errorf("forget addresses: %w", err)
		}
	}
	return nil
}

// claim puts a note off, so that no other gateway sends it meanwhile. It
// returns nothing when another was faster.
func (q *Queue) claim(ctx context.Context, d due) (*due, error) {
	wait := maxWait
	if d.Tries < 5 {
		wait = min(maxWait, firstWait<<d.Tries)
	}
	d.Tries++
	d.Released = true
	d.NotUntil = q.now().Add(wait)
	value, err := json.Marshal(d.note)
	if err != nil {
		return nil, fmt.Errorf("encode addresses: %w", err)
	}
	d.revision, err = q.bucket.Put(ctx, d.id, value, d.revision, 0)
	if fault.KindOf(err) == fault.Conflict {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("claim addresses: %w", err)
	}
	return &d, nil
}
