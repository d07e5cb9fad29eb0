package session

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// ID names an anonymous session.
type ID = task.SessionID

// ring is what gateway/keys gives.
type ring interface {
	Sign(purpose string, msg []byte) []byte
	Verify(purpose string, msg, mac []byte) bool
	Key(purpose string) (kid string, key []byte)
	Lookup(purpose, kid string) (key []byte, known bool)
}

// Deps are what Sessions works with.
type Deps struct {
	Engine   *engine.Engine
	Keys     ring
	Born     func(ID) // told of every new session; may be nil
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Sessions makes and checks sessions.
type Sessions struct{}

// CreateRequest asks for a session: a new one, the renewal of the one that
// Bearer proves, or the one that LinkCode carries over.
type CreateRequest struct {
	Bearer   string
	Client   netip.Addr
	LinkCode string
	Solution string
}

// Created is a session and the token that proves it.
type Created struct {
	ID        ID
	Token     string
	ExpiresAt time.Time
	Renewed   bool
}

// Identity is what a good token proves.
type Identity struct {
	ID        ID
	ExpiresAt time.Time
}

var errStub = errors.New("session: not open")

// Open builds Sessions.
func Open(ctx context.Context, c Config, d Deps) (*Sessions, error) { return nil, errStub }

// Create makes, renews or links a session.
func (s *Sessions) Create(ctx context.Context, r CreateRequest) (Created, error) {
	return Created{}, errStub
}

// Verify checks a token.
func (s *Sessions) Verify(ctx context.Context, token string) (Identity, error) {
	return Identity{}, errStub
}

// LinkCode makes a one-time code for another browser.
func (s *Sessions) LinkCode(ctx context.Context, id ID) (code string, expiresAt time.Time, err error) {
	return "", time.Time{}, errStub
}

// Ticket signs a read-only ticket for one task's stream.
func (s *Sessions) Ticket(id ID, t task.ID, until time.Time) string { return "" }

// VerifyTicket checks a ticket.
func (s *Sessions) VerifyTicket(ticket string, t task.ID) (ID, error) { return "", errStub }

// MarkErased refuses the session's tokens from now on, on every gateway.
func (s *Sessions) MarkErased(ctx context.Context, id ID) error { return errStub }

// Erased reports whether a session was erased.
func (s *Sessions) Erased(id ID) bool { return false }

// Run mirrors erased sessions until ctx ends.
func (s *Sessions) Run(ctx context.Context) error { return errStub }
