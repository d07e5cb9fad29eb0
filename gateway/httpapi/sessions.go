package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/erasure"
	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/client"
)

func newQuotaDocument(u quota.Usage) client.Quota {
	return client.Quota{Daily: u.Daily, Used: u.Used, ResetsAt: u.ResetsAt.UTC(), Active: u.Active, ActiveLimit: u.ActiveLimit}
}

func (c *call) receipt(r erasure.Receipt, err error) error {
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, client.Receipt{
		ReceiptID: r.ReceiptID, At: r.At.UTC(),
		Deleted: client.Deleted{Uploads: r.Uploads, Tasks: r.Tasks, Objects: r.Objects}, CDNPending: r.Cached,
	})
}

func (s *Server) createSession(ctx context.Context, c *call) error {
	in, err := c.json()
	if err != nil {
		return err
	}
	r := session.CreateRequest{
		Bearer: c.token(), Client: c.client,
		LinkCode: in.String("linkCode", strictjson.Optional), Solution: in.String("solution", strictjson.Optional),
	}
	if err := in.Err(); err != nil {
		return err
	}
	if err := s.countSession(c, &r); err != nil {
		return err
	}
	made, err := s.deps.Sessions.Create(ctx, r)
	if err != nil {
		if r.New() && r.Crowded == nil {
			s.deps.Limiter.Return(ratelimit.Session, c.counted())
		}
		return err
	}
	c.owner = made.ID
	usage, err := s.deps.Quota.Of(ctx, made.ID)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, client.Created{
		SessionID: made.ID, Token: made.Token, ExpiresAt: made.ExpiresAt.UTC(), Quota: newQuotaDocument(usage),
	})
}

// countSession counts the request, and the session that it may begin. A crowd's
// request that is only asked for a proof of work is not counted: else who floods
// an address would keep out everybody behind it.
func (s *Server) countSession(c *call, r *session.CreateRequest) error {
	busy := c.allow(ratelimit.Post)
	if !r.New() {
		return busy
	}
	r.Busy, r.Crowded = busy, c.allow(ratelimit.Session)
	if r.Crowded != nil && busy == nil {
		s.deps.Limiter.Return(ratelimit.Post, c.counted())
	}
	return nil
}

func (s *Server) showSession(ctx context.Context, c *call) error {
	usage, err := s.deps.Quota.Of(ctx, c.owner)
	if err != nil {
		return err
	}
	l := s.deps.Policy.Limits()
	return c.answer(http.StatusOK, client.Created{
		SessionID: c.owner, ExpiresAt: c.who.ExpiresAt.UTC(), Quota: newQuotaDocument(usage),
		Limits: &client.Limits{
			SessionDaily: l.SessionDaily, SessionActive: l.SessionActive, SessionStreams: l.SessionStreams, SessionPerMinute: l.SessionPerMinute,
			SessionUploadBytes: l.SessionUploadBytes, MaxUploadBytes: l.MaxUploadBytes, MaxPixels: l.MaxPixels,
		},
	})
}

// eraseWithin is how long the erasure of a session may go on while engine and
// store answer: it has as many steps as the session has tasks. It ends soon
// after one of them does not. What it has begun is finished later in any case.
const eraseWithin = 25 * time.Second

func (s *Server) eraseSession(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, eraseWithin)
	defer cancel()
	r, err := s.deps.Erasure.Session(ctx, c.owner)
	return c.receipt(r, err)
}

func (s *Server) linkSession(ctx context.Context, c *call) error {
	code, until, err := s.deps.Sessions.LinkCode(ctx, c.who)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, struct {
		Code      string    `json:"code"`
		ExpiresAt time.Time `json:"expiresAt"`
	}{code, until.UTC()})
}
