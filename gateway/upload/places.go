package upload

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// answerWithin is how long a completion waits for its verdict. All of it is
	// answered within 30 s, with what comes before.
	answerWithin = 25 * time.Second

	// comeBack is when whoever was told to come again should, and placeKept how
	// long the place of the photo is kept for that.
	comeBack  = 2 * time.Second
	placeKept = 20 * time.Second

	// lookElsewhere is how often it is looked whether another gateway, which was
	// asked first, has the verdict.
	lookElsewhere = 3 * time.Second

	// placeMost is how long a photo may wait for its turn at all.
	placeMost = 5 * time.Minute
)

var (
	errLate = errors.New("the photo still waits for its turn, or is being judged")
	errLeft = errors.New("nobody waits for the photo any more")
)

// judgement is how an upload gets its verdict.
type judgement struct {
	judge func(wanted context.Context) (Upload, error)
	ready func(context.Context) (up Upload, ready bool) // whether another gateway was asked before, and has it
}

// places are the photos that wait for a verdict, or get it: one for each upload,
// however many ask for it.
type places struct {
	mu sync.Mutex
	of map[string]*place
}

// place is one upload's.
type place struct {
	done    chan struct{} // closed when up and err are set
	up      Upload
	err     error
	callers int
	left    bool        // nobody wanted it any more
	expires *time.Timer // nil while somebody waits
	cancel  func(cause error)
}

// wait gives the verdict of an upload, which is found once for all who ask.
// When the last of them hangs up, the upload is wanted no more; whoever was told to
// come again is waited for.
func (ps *places) wait(ctx context.Context, key string, j judgement) (Upload, error) {
	p := ps.join(ctx, key, j.judge)
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	elsewhere := time.NewTicker(lookElsewhere)
	defer elsewhere.Stop()
	for {
		select {
		case <-p.done:
			if ps.part(p, 0); p.left && fault.CodeOf(p.err) == fault.RequestCanceled { // just before this caller came
				p = ps.join(ctx, key, j.judge)
				continue
			}
			return p.up, p.err
		case <-ctx.Done():
			ps.part(p, 0)
			return Upload{}, fault.Wrap(fault.RequestCanceled, context.Cause(ctx))
		case <-elsewhere.C:
			if up, ready := j.ready(ctx); ready {
				ps.part(p, 0)
				return up, nil
			}
		case <-late.C:
			ps.part(p, placeKept)
			return Upload{}, fault.Wrap(fault.WorkerBusy, errLate).After(comeBack)
		}
	}
}

// join finds the upload's place, or makes it.
func (ps *places) join(ctx context.Context, key string, judge func(context.Context) (Upload, error)) *place {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p := ps.of[key]; p != nil {
		p.callers++
		if p.expires != nil {
			p.expires.Stop()
			p.expires = nil
		}
		return p
	}
	wanted, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	p := &place{done: make(chan struct{}), callers: 1, cancel: cancel}
	if ps.of == nil {
		ps.of = make(map[string]*place)
	}
	ps.of[key] = p
	go func() {
		defer cancel(nil)
		limited, over := context.WithTimeout(wanted, placeMost)
		defer over()
		p.up, p.err = judge(limited)
		ps.forget(key, p)
		close(p.done)
	}()
	return p
}

// part is for a caller that goes. The last one leaves the place for a time.
func (ps *places) part(p *place, keep time.Duration) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.callers--
	switch {
	case p.callers > 0, p.finished():
	case keep == 0:
		p.leave()
	default:
		p.expires = time.AfterFunc(keep, func() { ps.expire(p) })
	}
}

// finished reports whether there is a verdict.
func (p *place) finished() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (ps *places) expire(p *place) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.callers == 0 && !p.finished() {
		p.leave()
	}
}

func (ps *places) forget(key string, p *place) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.of[key] == p {
		delete(ps.of, key)
	}
}

// leave gives up a place that waits for its turn. A verdict that is under way is
// waited for, by nobody.
func (p *place) leave() {
	p.left = true
	p.cancel(errLeft)
}
