package ratelimit

import (
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

// Action is what a client does that is counted.
type Action string

// The actions.
const (
	Post        Action = "post"         // any POST
	Session     Action = "session"      // a new session
	Proof       Action = "proof"        // a session that begins with a proof of work
	Task        Action = "task"         // a task that will be paid for
	ClientError Action = "client_error" // a report of the page
	LinkGuess   Action = "link"         // a link code that was wrong
	Request     Action = "request"      // any request of a session
)

const (
	clientErrorsPerMinute = 30
	guesses               = 10 // before an address has to wait
	guessesWithin         = 10 * time.Minute

	// crowdShare is how many times the limit of an address its sessions in good
	// standing have together: a hall has five hundred phones, and each of them
	// twenty pictures.
	crowdShare = 64

	// fairShare is the part of an address's limit that each of its other
	// sessions has in any case. So one that floods is slowed alone.
	fairShare = 12
)

// rule is how an action is counted.
type rule struct {
	limit     func(policy.Limits) int64 // 0: not at all
	window    time.Duration
	bySession bool // else by address

	// crowd says that sessions in good standing have crowdShare times the
	// limit, apart from others. fair says that others are counted apart from
	// who has no session, and each has its fairShare.
	crowd, fair bool
}

// rules has every action. A new one is a row, and so holds over all gateways.
func rules() map[Action]rule {
	always := func(n int64) func(policy.Limits) int64 { return func(policy.Limits) int64 { return n } }
	return map[Action]rule{
		Post:        {limit: func(l policy.Limits) int64 { return l.IPPerMinute }, window: time.Minute, crowd: true, fair: true},
		Session:     {limit: func(l policy.Limits) int64 { return l.IPSessionsPerHour }, window: time.Hour},
		Proof:       {limit: func(l policy.Limits) int64 { return times(l.IPSessionsPerHour, crowdShare) }, window: time.Hour},
		Task:        {limit: func(l policy.Limits) int64 { return l.IPDaily }, window: 24 * time.Hour, crowd: true},
		ClientError: {limit: always(clientErrorsPerMinute), window: time.Minute},
		LinkGuess:   {limit: always(guesses), window: guessesWithin},
		Request:     {limit: func(l policy.Limits) int64 { return l.SessionPerMinute }, window: time.Minute, bySession: true},
	}
}
