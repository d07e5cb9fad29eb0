package session

import (
	"errors"
	"fmt"
	"time"
)

// Config says how long tokens are valid and what a new session has to prove.
type Config struct {
	TTL           time.Duration // of a token
	RenewWithin   time.Duration // how long after its end a token still renews
	Challenge     bool          // ask for a proof of work before a new session
	ChallengeCost int64         // the largest number a solver may have to try
}

// Defaults are those of the public contract.
func Defaults() Config {
	return Config{TTL: time.Hour, RenewWithin: 24 * time.Hour, ChallengeCost: 100_000}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.TTL < time.Second {
		errs = append(errs, fmt.Errorf("session.ttl: must be at least 1s, is %v", c.TTL))
	}
	if c.RenewWithin < 0 {
		errs = append(errs, fmt.Errorf("session.renewWithin: must not be negative, is %v", c.RenewWithin))
	}
	if c.Challenge && c.ChallengeCost < 1000 {
		errs = append(errs, fmt.Errorf("session.challengeCost: must be at least 1000, is %d", c.ChallengeCost))
	}
	return errors.Join(errs...)
}
