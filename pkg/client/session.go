package client

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Quota is what a session may still do.
type Quota struct {
	Daily       int64     `json:"daily"`
	Used        int64     `json:"used"`
	ResetsAt    time.Time `json:"resetsAt"`
	Active      int64     `json:"active"`
	ActiveLimit int64     `json:"activeLimit"`
}

// Created is a session: with its token when it was made or renewed, with its
// limits when it was asked for.
type Created struct {
	SessionID task.SessionID `json:"sessionId"`
	Token     string         `json:"token,omitempty"`
	ExpiresAt time.Time      `json:"expiresAt"`
	Quota     Quota          `json:"quota"`
	Limits    *Limits        `json:"limits,omitempty"`
}

// Limits are what a session may do at most.
type Limits struct {
	SessionDaily       int64 `json:"sessionDaily"`
	SessionActive      int64 `json:"sessionActive"`
	SessionStreams     int64 `json:"sessionStreams"`
	SessionPerMinute   int64 `json:"sessionPerMinute"`
	SessionUploadBytes int64 `json:"sessionUploadBytes"`
	MaxUploadBytes     int64 `json:"maxUploadBytes"`
	MaxPixels          int64 `json:"maxPixels"`
}

// Receipt proves what was deleted.
type Receipt struct {
	ReceiptID  string    `json:"receiptId"`
	Deleted    Deleted   `json:"deleted"`
	CDNPending int       `json:"cdnPending,omitempty"` // copies that a CDN may still hold for minutes
	At         time.Time `json:"at"`
}

// Deleted counts what is gone.
type Deleted struct {
	Uploads int `json:"uploads"`
	Tasks   int `json:"tasks"`
	Objects int `json:"objects"`
}

// Session is one anonymous person. It is safe for concurrent use.
type Session struct {
	client *Client
	state  atomic.Pointer[Created]
}

// NewSession asks for a new anonymous session.
func (c *Client) NewSession(ctx context.Context) (*Session, error) {
	s := &Session{client: c}
	s.state.Store(&Created{})
	if err := s.Renew(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Session continues a session by its token.
func (c *Client) Session(token string) *Session {
	s := &Session{client: c}
	s.state.Store(&Created{Token: token})
	return s
}

// Via returns the same session with another client: another gateway.
func (s *Session) Via(c *Client) *Session {
	other := &Session{client: c}
	other.state.Store(s.state.Load())
	return other
}

// Renew gets a fresh token for the same session, also shortly after the old
// one expired. A new session does the work that a gateway may ask of it.
func (s *Session) Renew(ctx context.Context) error {
	var out Created
	var in struct {
		Solution string `json:"solution,omitempty"`
	}
	post := call{method: http.MethodPost, url: "/sessions", token: s.Token(), body: &in, out: &out}
	_, err := s.client.do(ctx, post)
	if p := (*Problem)(nil); errors.As(err, &p) && len(p.Challenge) > 0 {
		if in.Solution, err = solve(ctx, p.Challenge); err != nil {
			return err
		}
		_, err = s.client.do(ctx, post)
	}
	if err == nil {
		s.state.Store(&out)
	}
	return err
}

// ID is empty until the session was made or renewed here.
func (s *Session) ID() task.SessionID { return s.state.Load().SessionID }

// Token is the bearer token.
func (s *Session) Token() string { return s.state.Load().Token }

// ExpiresAt is when the token must have been renewed.
func (s *Session) ExpiresAt() time.Time { return s.state.Load().ExpiresAt }

// Quota asks what the session may still do.
func (s *Session) Quota(ctx context.Context) (Quota, error) {
	out, err := ask[Created](ctx, s, http.MethodGet, "/session", nil)
	return out.Quota, err
}

// Erase deletes everything the session owns, and the session.
func (s *Session) Erase(ctx context.Context) (Receipt, error) {
	return ask[Receipt](ctx, s, http.MethodDelete, "/session", nil)
}

func (s *Session) do(ctx context.Context, method, url string, body, out any) (answer, error) {
	return s.client.do(ctx, call{method: method, url: url, token: s.Token(), body: body, out: out})
}

// ask is do for a document.
func ask[T any](ctx context.Context, s *Session, method, url string, body any) (T, error) {
	var out T
	_, err := s.do(ctx, method, url, body, &out)
	return out, err
}
