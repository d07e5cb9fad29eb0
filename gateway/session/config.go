package session

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says how long tokens are valid and what a new session has to prove.
type Config struct {
	TTL           time.Duration // of a token
	RenewWithin   time.Duration // how long after its end a token still renews
	MaxAge        time.Duration // of a session, however often it is renewed
	Challenge     Challenge     // when a new session asks for a proof of work
	ChallengeCost int64         // the largest number a solver may have to try, for the first proofs of an address
}

// Defaults are those of the public contract.
func Defaults() Config {
	return Config{TTL: time.Hour, RenewWithin: 24 * time.Hour, MaxAge: 30 * 24 * time.Hour, Challenge: Auto, ChallengeCost: 100_000}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.TTL < time.Second, "session.ttl: must be at least 1s, is %v", c.TTL)
	faults.If(c.RenewWithin < 0, "session.renewWithin: must not be negative, is %v", c.RenewWithin)
	faults.If(c.MaxAge < c.TTL, "session.maxAge: must be at least session.ttl, %v, is %v", c.TTL, c.MaxAge)
	faults.If(c.Challenge != Off && c.ChallengeCost < 1000, "session.challengeCost: must be at least 1000, is %d", c.ChallengeCost)
	return faults.Err()
}
