package session

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/altcha-org/altcha-lib-go"

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
	Auto Challenge = "auto" // when an address has begun limits.ipSessionsPerHour
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
func (s *Sessions) prove(ctx context.Context, r CreateRequest) error {
	if s.config.Challenge == On || s.config.Challenge == Auto && r.Crowded != nil {
		return s.checkSolution(ctx, r.Solution)
	}
	return r.Crowded
}

// checkSolution accepts a solution of a challenge once. Without a good solution
// it returns fault.Challenge, with a new challenge in Params["challenge"], in
// ALTCHA's JSON.
func (s *Sessions) checkSolution(ctx context.Context, solution string) error {
	err := errToken
	if solution != "" && len(solution) <= maxSolution {
		err = s.spend(ctx, solution)
		if err == nil || fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Timeout {
			return err
		}
	}
	challenge, cerr := s.challenge()
	if cerr != nil {
		return cerr
	}
	return fault.Wrap(fault.ChallengeRequired, err).With("challenge", challenge)
}

func (s *Sessions) challenge() (string, error) {
	expires := s.now().Add(challengeTTL)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: s.config.ChallengeCost, Expires: &expires, HMACKey: s.challengeKey(),
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
