package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// leaveEvery is the pace at which streams are told to move on.
const leaveEvery = 20 * time.Millisecond

// Leave tells the streams that are open now to move on, spread over a time, so
// that other gateways are not asked by all at once. It blocks for that time, or
// until ctx ends.
func (h *Hub) Leave(ctx context.Context, over time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, over)
	defer cancel()
	open := h.collect(nil, func(*stream) bool { return true })
	rand.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	steps := max(1, int(over/leaveEvery)-1)
	each := (len(open) + steps - 1) / steps
	for range tick.After(ctx, leaveEvery) {
		now := open[:min(each, len(open))]
		open = open[len(now):]
		for _, s := range now {
			s.nudge(moveOn)
		}
	}
}

// comeBack is the last frame of a stream that moves on: when its client connects
// again, elsewhere.
func comeBack() []byte { return fmt.Appendf(nil, "retry: %d\n\n", 500+rand.IntN(2500)) }
