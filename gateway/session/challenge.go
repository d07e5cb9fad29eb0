package session

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/altcha-org/altcha-lib-go"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	challengePurpose = "challenge"
	challengeTTL     = 10 * time.Minute
	maxSolution      = 2 << 10
)

// Challenge says when a new session asks for a proof of work.
type Challenge string

// When it is asked for.
const (
	Off  Challenge = "off"  // never
	Auto Challenge = "auto" // when an address is a crowd: it has begun limits.ipSessionsPerHour, or used up limits.ipDaily
	On   Challenge = "on"   // always
)

// UnmarshalText reads one, and the true and false of older configurations.
func (c *Challenge) UnmarshalText(text []byte) error {
	switch t := Challenge(text); t {
	case Off, Auto, On:
		*c = t
	case "true":
		*c = On
	case "false":
		*c = Off
	default:
		return fmt.Errorf("must be off, auto or on, is %q", text)
	}
	return nil
}

// prove lets a new session begin: it is refused, or asked for a solution, or
// neither. Crowds behind one address are people too, and each can do the work.
func (s *Sessions) prove(ctx context.Context, r CreateRequest) (proved bool, err error) {
	crowd := ratelimit.Client{Addr: r.Client}
	asked := s.config.Challenge == On || s.config.Challenge == Auto && (r.Crowded != nil || s.usedUp(crowd))
	offered := s.config.Challenge == Auto && r.Solution != ""
	switch {
	case asked, r.Busy != nil && offered:
		return true, s.checkSolution(ctx, r.Solution, crowd)
	case r.Crowded != nil:
		return false, r.Crowded
	default:
		return false, r.Busy
	}
}

// fewSessions is the part of limits.ipSessionsPerHour below which an address is
// no crowd.
const fewSessions = 12

// usedUp reports whether an address of many has no task left for who proves
// nothing.
func (s *Sessions) usedUp(crowd ratelimit.Client) bool {
	tasks, begun := s.limiter.Stands(ratelimit.Task, crowd), s.limiter.Stands(ratelimit.Session, crowd)
	return tasks.Limit > 0 && tasks.Remaining == 0 && begun.Limit > 0 && begun.Used()*fewSessions >= begun.Limit
}

// checkSolution accepts a solution of a challenge once. Without a good solution
// it returns fault.Challenge, with a new challenge in Params["challenge"], in
// ALTCHA's JSON.
func (s *Sessions) checkSolution(ctx context.Context, solution string, crowd ratelimit.Client) error {
	err := errToken
	if solution != "" && len(solution) <= maxSolution {
		err = s.spend(ctx, solution)
		if err == nil {
			_, err = s.limiter.Allow(ratelimit.Proof, crowd)
			return err
		}
		if fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Timeout {
			return err
		}
	}
	challenge, cerr := s.challenge(s.cost(crowd))
	if cerr != nil {
		return cerr
	}
	return fault.Wrap(fault.ChallengeRequired, err).With("challenge", challenge)
}

// dearer is the part of the proofs that an address may give in an hour after
// which each costs more: once as much for each such part. A hall of five hundred
// people pays the usual price, who makes thousands of sessions does not.
const dearer = 8

func (s *Sessions) cost(crowd ratelimit.Client) int64 {
	proofs := s.limiter.Stands(ratelimit.Proof, crowd)
	if proofs.Limit == 0 {
		return s.config.ChallengeCost
	}
	times := 1 + proofs.Used()*dearer/proofs.Limit
	return min(s.config.ChallengeCost, math.MaxInt64/times) * times
}

func (s *Sessions) challenge(cost int64) (string, error) {
	expires := s.now().Add(challengeTTL)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: cost, Expires: &expires, HMACKey: s.challengeKey(),
	})
	if err != nil {
		return "", fmt.Errorf("make challenge: %w", err)
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("make challenge: %w", err)
	}
	return string(text), nil
}

// spend verifies a solution and marks it as used on every gateway.
func (s *Sessions) spend(ctx context.Context, solution string) error {
	var p altcha.Payload
	text, err := base64.StdEncoding.DecodeString(solution)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return fmt.Errorf("read solution: %w", err)
	}
	if p.Algorithm != string(altcha.SHA256) || altcha.ExtractParams(p).Get("expires") == "" {
		return errToken
	}
	good, err := altcha.VerifySolutionSafe(p, s.challengeKey(), true)
	if err != nil || !good {
		return fmt.Errorf("verify solution: %w", errToken)
	}
	_, err = s.links.Put(ctx, "spent."+task.DeriveID("challenge", p.Signature), []byte("1"), 0, spentTTL)
	if fault.KindOf(err) == fault.Conflict && err != nil {
		return errSpent
	}
	return err
}

// challengeKey changes with the signing key. A client whose challenge is open at
// that moment gets one more.
func (s *Sessions) challengeKey() string {
	_, key := s.keys.Key(challengePurpose)
	return hex.EncodeToString(key)
}
