package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	linkTTL      = 5 * time.Minute
	linkLength   = 10
	linkAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ" // 31 letters that people do not mix up: 49 bits a code

	spentTTL = 15 * time.Minute // longer than a code or a challenge is good for
)

// LinkCode makes a code that carries the session to another browser, once,
// within five minutes.
func (s *Sessions) LinkCode(ctx context.Context, who Identity) (code string, expiresAt time.Time, err error) {
	code = drawCode()
	expiresAt = s.now().Add(linkTTL).UTC()
	if _, err := s.links.Put(ctx, linkKey(code), []byte(carry(who)), 0, linkTTL); err != nil {
		return "", time.Time{}, fmt.Errorf("keep link code: %w", err)
	}
	return code, expiresAt, nil
}

// redeem deletes a code and returns its session, so only one of two browsers
// gets it. Wrong codes are counted for the client's address: others of its
// network have guessed nothing. A try counts until it is known to be right, so
// that many at once are no more guesses than one after the other.
func (s *Sessions) redeem(ctx context.Context, code string, client netip.Addr) (who Identity, err error) {
	guesser := ratelimit.Client{Addr: client}
	if _, err := s.limiter.Allow(ratelimit.LinkGuess, guesser); err != nil {
		return Identity{}, err
	}
	who, err = s.open(ctx, strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code)))
	if fault.CodeOf(err) != fault.LinkCodeInvalid {
		s.limiter.Return(ratelimit.LinkGuess, guesser)
	}
	return who, err
}

func (s *Sessions) open(ctx context.Context, code string) (Identity, error) {
	wrong := fault.New(fault.LinkCodeInvalid).At("/linkCode", fault.FieldUnknown, "unknown, used or expired code")
	if len(code) != linkLength || strings.Trim(code, linkAlphabet) != "" {
		return Identity{}, wrong
	}
	e, err := s.links.Get(ctx, linkKey(code))
	if err == nil {
		err = s.links.Delete(ctx, e.Key, e.Revision)
	}
	if err == nil {
		if who, known := s.carried(e.Value); known {
			return who, nil
		}
		return Identity{}, wrong
	}
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Conflict {
		return Identity{}, wrong
	}
	return Identity{}, fmt.Errorf("redeem link code: %w", err)
}

const provedMark = " proved"

// carry writes what a code is kept for: the session, when it began, and whether
// it did so with a proof of work.
func carry(who Identity) string {
	value := string(who.ID) + " " + strconv.FormatInt(who.Began.Unix(), 10)
	if who.Proved {
		value += provedMark
	}
	return value
}

// carried reads it. An older release wrote no beginning.
func (s *Sessions) carried(value []byte) (who Identity, known bool) {
	text, proved := strings.CutSuffix(string(value), provedMark)
	text, seconds, dated := strings.Cut(text, " ")
	who = Identity{ID: ID(text), Began: s.now().Truncate(time.Second), Proved: proved}
	if dated {
		n, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return Identity{}, false
		}
		who.Began = time.Unix(n, 0)
	}
	return who, task.ValidID(text)
}

// linkKey hides the code: what is stored does not open a session.
func linkKey(code string) string { return "link." + task.DeriveID("link", code) }

// drawCode skips the bytes that would make some letters more likely than others.
func drawCode() string {
	code, letters := make([]byte, linkLength), big.NewInt(int64(len(linkAlphabet)))
	for i := range code {
		n, _ := rand.Int(rand.Reader, letters) // never fails since Go 1.24
		code[i] = linkAlphabet[n.Int64()]
	}
	return string(code)
}

var errSpent = errors.New("solution was used before")
