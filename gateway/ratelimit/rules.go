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
	Task        Action = "task"         // a task that will be paid for
	ClientError Action = "client_error" // a report of the page
	LinkGuess   Action = "link"         // a link code that was wrong
	Request     Action = "request"      // any request of a session
)

const (
	clientErrorsPerMinute = 30
	guesses               = 10 // before an address has to wait
	guessesWithin         = 10 * time.Minute
)

// rule is how an action is counted.
type rule struct {
	limit     func(policy.Limits) int64 // 0: not at all
	window    time.Duration
	bySession bool // else by address
}

// rules has every action. A new one is a row, and so holds over all gateways.
func rules() map[Action]rule {
	always := func(n int64) func(policy.Limits) int64 { return func(policy.Limits) int64 { return n } }
	return map[Action]rule{
		Post:        {limit: func(l policy.Limits) int64 { return l.IPPerMinute }, window: time.Minute},
		Session:     {limit: func(l policy.Limits) int64 { return l.IPSessionsPerHour }, window: time.Hour},
		Task:        {limit: func(l policy.Limits) int64 { return l.IPDaily }, window: 24 * time.Hour},
		ClientError: {limit: always(clientErrorsPerMinute), window: time.Minute},
		LinkGuess:   {limit: always(guesses), window: guessesWithin},
		Request:     {limit: func(l policy.Limits) int64 { return l.SessionPerMinute }, window: time.Minute, bySession: true},
	}
}
