package ratelimit

import "math"

// What is counted apart from the action's own names.
const (
	inCrowd     = "/crowd"     // by address, of all sessions or of those in good standing
	ofStrangers = "/strangers" // by address, of sessions that are not
	ofItself    = "/itself"    // by session
)

// allowFair counts for a session that is in no good standing: for its address,
// and when that has no room left, for the session while it has asked little. All
// sessions of an address together have no more than those in good standing.
func (l *Limiter) allowFair(action Action, r rule, client Client, limit int64) (Window, error) {
	crowd := l.addresses(action+inCrowd, client)
	if w, err := l.allow(crowd, times(limit, crowdShare), r.window); err != nil {
		return w, err
	}
	itself := l.names.session(action+ofItself, client.Session)
	_, own, _ := l.counts.take(itself, math.MaxInt64, r.window)
	w, err := l.allow(l.addresses(action+ofStrangers, client), limit, r.window)
	if err == nil {
		return w, nil
	}
	if fair := limit / fairShare; own <= fair {
		w.Remaining = fair - own
		return w, nil
	}
	l.giveBack(crowd)
	l.counts.giveBack(itself)
	return w, err
}
