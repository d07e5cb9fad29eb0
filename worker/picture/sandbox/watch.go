package sandbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// lookEvery is how often it is looked how much a decoder has used.
const lookEvery = 200 * time.Millisecond

var (
	// errTime says that a picture used up its time.
	errTime = errors.New("its time is used up")

	// errStarved says that a picture got less of the processor than it may have,
	// and took too long for it: the machine is busy.
	errStarved = errors.New("the machine gave it too little time")
)

// watch ends a decoder's work when the picture has used up its time. What
// counts is the processor's: on a busy machine a good photo takes long.
func (s *Sandbox) watch(ctx context.Context, p *process, cancel context.CancelCauseFunc) *sync.WaitGroup {
	began := time.Now()
	before, _ := p.cpu()
	var watching sync.WaitGroup
	watching.Go(func() {
		for range tick.After(ctx, min(lookEvery, s.cfg.Timeout)) {
			if ctx.Err() != nil {
				return
			}
			now, known := p.cpu()
			if why := s.over(now-before, known, time.Since(began)); why != nil {
				cancel(why)
			}
		}
	})
	return &watching
}

// over says why a picture may use no more, nil while it may.
func (s *Sandbox) over(cpu time.Duration, known bool, took time.Duration) error {
	switch {
	case known && cpu >= s.cfg.CPU:
		return errTime
	case took < s.cfg.Timeout:
		return nil
	case known:
		return errStarved
	default:
		return errTime
	}
}
