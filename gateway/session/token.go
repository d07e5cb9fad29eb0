package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	tokenPurpose = "session"
	tokenIssuer  = "imgfleet"
	maxToken     = 1 << 10
)

var errToken = errors.New("token has no session")

// newParser accepts one algorithm only. It does not check the expiry, because an
// expired token still proves whose it was.
func newParser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding(), jwt.WithTimeFunc(now),
	)
}

// claims are what a token says. Began is OpenID's auth_time, for a session's
// age. Tokens that are older than this claim lack it.
type claims struct {
	jwt.RegisteredClaims

	Began  *jwt.NumericDate `json:"auth_time,omitempty"`
	Proved bool             `json:"proved,omitempty"`
}

// began is when the session was made, or when the token was as far as is known.
func (c claims) began() time.Time {
	switch {
	case c.Began != nil:
		return c.Began.Time
	case c.IssuedAt != nil:
		return c.IssuedAt.Time
	default:
		return time.Time{}
	}
}

// sign makes a token. It ends no later than the session may live.
func (s *Sessions) sign(who Identity) (token string, expires time.Time, err error) {
	now := s.now().Truncate(time.Second)
	expires = now.Add(s.config.TTL).UTC()
	if last := who.Began.Add(s.config.MaxAge).UTC(); last.Before(expires) {
		expires = last
	}
	kid, key := s.keys.Key(tokenPurpose)
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: tokenIssuer, Subject: string(who.ID), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
		Began: jwt.NewNumericDate(who.Began), Proved: who.Proved,
	})
	t.Header["kid"] = kid
	token, err = t.SignedString(key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

// parse checks a token's signature and shape, but not whether it has expired.
func (s *Sessions) parse(ctx context.Context, token string) (Identity, error) {
	if len(token) > maxToken {
		return Identity{}, fault.New(fault.TokenInvalid)
	}
	var c claims
	_, err := s.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, known, err := s.keys.Lookup(ctx, tokenPurpose, kid)
		if err == nil && !known {
			err = jwt.ErrTokenUnverifiable
		}
		return key, err
	})
	var away *fault.Fault
	if errors.As(err, &away) {
		return Identity{}, away // the keys are out of reach: it may be a good token
	}
	if err == nil && (!task.ValidID(c.Subject) || c.ExpiresAt == nil || c.Issuer != tokenIssuer) {
		err = errToken
	}
	if err != nil {
		return Identity{}, fault.Wrap(fault.TokenInvalid, err)
	}
	return Identity{ID: ID(c.Subject), ExpiresAt: c.ExpiresAt.UTC(), Began: c.began().UTC(), Proved: c.Proved}, nil
}
