package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/altcha-org/altcha-lib-go"
)

// maxTries is how much work is done for a session at most: a second or two.
const maxTries = 5_000_000

var errUnsolved = errors.New("challenge has no solution that can be found")

// solve does the proof of work that a gateway may ask of new sessions (ALTCHA).
func solve(ctx context.Context, raw json.RawMessage) (solution string, err error) {
	var c altcha.Challenge
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", fmt.Errorf("read challenge: %w", err)
	}
	s, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), int(min(c.MaxNumber, maxTries)), 0, ctx.Done())
	switch {
	case err != nil:
		return "", fmt.Errorf("solve challenge: %w", err)
	case s == nil && ctx.Err() != nil:
		return "", ctx.Err()
	case s == nil:
		return "", errUnsolved
	}
	text, err := json.Marshal(altcha.Payload{
		Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(s.Number), Salt: c.Salt, Signature: c.Signature,
	})
	if err != nil {
		return "", fmt.Errorf("write solution: %w", err)
	}
	return base64.StdEncoding.EncodeToString(text), nil
}
