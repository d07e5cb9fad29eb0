package session

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

const provedKept = 1 << 13 // about 4 MB when full

// ID names an anonymous session.
type ID = task.SessionID

// ring is what gateway/keys gives.
type ring interface {
	Sign(purpose string, msg []byte) []byte
	Verify(ctx context.Context, purpose string, msg, mac []byte) (bool, error)
	Key(purpose string) (kid string, key []byte)
	Lookup(ctx context.Context, purpose, kid string) (key []byte, known bool, err error)
}

// limiter is what the limiter of gateway/ratelimit gives.
type limiter interface {
	Allow(action ratelimit.Action, client ratelimit.Client) (ratelimit.Window, error)
	Return(action ratelimit.Action, client ratelimit.Client)
	Stands(action ratelimit.Action, client ratelimit.Client) ratelimit.Window
}

// Deps are what Sessions works with.
type Deps struct {
	Engine   *engine.Engine
	Keys     ring
	Limiter  limiter  // counts wrong link codes; nil: this gateway's only
	OnCreate func(ID) // called with every new session before anybody else knows it; may be nil
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Sessions makes and checks sessions. A session is only an id that a signed token
// proves; nothing is stored for it until it does something.
type Sessions struct {
	config  Config
	keys    ring
	created func(ID)
	now     func() time.Time
	parser  *jwt.Parser
	erased  *engine.Mirror[struct{}]
	links   *engine.Bucket
	proved  *otter.Cache[string, Identity] // tokens whose signature was checked; expiry is checked each time
	limiter limiter
	made    *prometheus.CounterVec
}

// CreateRequest asks for a session: a new one, the renewal of the one that
// Bearer proves, or the one that LinkCode carries over. Solution answers a
// proof-of-work challenge.
type CreateRequest struct {
	Bearer   string
	Client   netip.Addr
	LinkCode string
	Solution string
	Crowded  error // its address has begun all sessions that it may; nil: it has not
	Busy     error // its address has sent all requests that it may; nil: it has not
}

// New reports whether a session is wanted that was not there before.
func (r CreateRequest) New() bool { return r.Bearer == "" && r.LinkCode == "" }

// Created is a session and the token that proves it.
type Created struct {
	ID        ID
	Token     string
	ExpiresAt time.Time
	Renewed   bool // the session was there before
}

// Identity is what a valid token proves.
type Identity struct {
	ID        ID
	ExpiresAt time.Time
	Began     time.Time // the session, not the token
	Proved    bool      // it began with a proof of work
}

// Open prepares sessions. Until Run has read which sessions are erased, every
// check asks the engine.
func Open(ctx context.Context, c Config, d Deps) (*Sessions, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Limiter == nil {
		d.Limiter = ratelimit.New(func() policy.Limits { return policy.Limits{} }, d.Now)
	}
	if d.OnCreate == nil {
		d.OnCreate = func(ID) {}
	}
	s := &Sessions{
		config: c, keys: d.Keys, created: d.OnCreate, now: d.Now, parser: newParser(d.Now),
		proved: otter.Must(&otter.Options[string, Identity]{MaximumSize: provedKept}), limiter: d.Limiter,
		made: telemetry.For(d.Registry, "session").Counters("created", "Tokens given, by how: new, renewed or linked.", "how"),
	}
	erased, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "erased"})
	if err != nil {
		return nil, fmt.Errorf("open sessions: %w", err)
	}
	s.erased = engine.NewMirror(engine.MirrorConfig[struct{}]{
		Bucket: erased, Filter: ">",
		Read: func(context.Context, engine.Entry) (struct{}, bool, error) { return struct{}{}, true, nil },
	})
	if s.links, err = d.Engine.Bucket(ctx, engine.BucketConfig{Name: "links", Memory: true, MaxAge: spentTTL}); err != nil {
		return nil, fmt.Errorf("open sessions: %w", err)
	}
	return s, nil
}

// Create makes a session, renews the one that a bearer proves, or takes over
// the one of a link code. A bearer that proves nothing is refused and gets no new
// session instead, so the caller learns that its session is gone.
func (s *Sessions) Create(ctx context.Context, r CreateRequest) (Created, error) {
	switch {
	case r.Bearer != "":
		return s.renew(ctx, r.Bearer)
	case r.LinkCode != "":
		who, err := s.redeem(ctx, r.LinkCode, r.Client)
		if err != nil {
			return Created{}, err
		}
		return s.issue(ctx, who, "linked")
	}
	proved, err := s.prove(ctx, r)
	if err != nil {
		return Created{}, err
	}
	id := ID(task.NewID())
	s.created(id)
	return s.issue(ctx, Identity{ID: id, Began: s.now().Truncate(time.Second), Proved: proved}, "new")
}

func (s *Sessions) renew(ctx context.Context, token string) (Created, error) {
	who, err := s.parse(ctx, token)
	if err != nil {
		return Created{}, err
	}
	if s.now().After(who.ExpiresAt.Add(s.config.RenewWithin)) {
		return Created{}, fault.New(fault.TokenExpired)
	}
	return s.issue(ctx, who, "renewed")
}

// issue gives a token, unless the session is erased or too old.
func (s *Sessions) issue(ctx context.Context, who Identity, how string) (Created, error) {
	if err := s.checkErased(ctx, who.ID); err != nil {
		return Created{}, err
	}
	if !s.now().Before(who.Began.Add(s.config.MaxAge)) {
		return Created{}, fault.New(fault.TokenExpired)
	}
	token, expires, err := s.sign(who)
	if err != nil {
		return Created{}, err
	}
	s.made.WithLabelValues(how).Inc()
	return Created{ID: who.ID, Token: token, ExpiresAt: expires, Renewed: how != "new"}, nil
}

// Verify says whose token this is, or fault.Unauthenticated token_missing,
// token_invalid, token_expired or session_erased. It asks the engine only while
// this gateway may have missed an erasure or a new key, and is
// fault.Unavailable when it gets no answer.
func (s *Sessions) Verify(ctx context.Context, token string) (Identity, error) {
	if token == "" {
		return Identity{}, fault.New(fault.TokenMissing)
	}
	who, known := s.proved.GetIfPresent(token)
	if !known {
		var err error
		if who, err = s.parse(ctx, token); err != nil {
			return Identity{}, err
		}
		s.proved.Set(token, who)
	}
	if err := s.checkErased(ctx, who.ID); err != nil {
		return Identity{}, err
	}
	if !s.now().Before(who.ExpiresAt) {
		return Identity{}, fault.New(fault.TokenExpired)
	}
	return who, nil
}
