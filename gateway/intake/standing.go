package intake

import (
	"context"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
)

// matureAfter is the age at which a session that got a picture is in good
// standing, without a proof of work.
const matureAfter = 10 * time.Minute

// countTask counts a task for its address. A session in good standing is counted
// apart from those that are not, so that these do not shut it out. The engine is
// asked for what a session got only when there is no room among them.
func (in *Intake) countTask(ctx context.Context, d *draft) error {
	d.counted = ratelimit.Client{Addr: d.Client, Session: d.Session, Good: d.Proved}
	_, err := in.limiter.Allow(ratelimit.Task, d.counted)
	if err == nil || d.Proved || !in.mature(ctx, d.Request) {
		return err
	}
	d.counted.Good = true
	_, err = in.limiter.Allow(ratelimit.Task, d.counted)
	return err
}

// mature reports whether a session is old enough and got a picture today. A
// session that cannot be looked up is not.
func (in *Intake) mature(ctx context.Context, r Request) bool {
	if r.Began.IsZero() || in.now().Sub(r.Began) < matureAfter {
		return false
	}
	usage, err := in.quota.Of(ctx, r.Session)
	return err == nil && usage.Used > usage.Active
}
