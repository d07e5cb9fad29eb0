package admin

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/quota"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	maxGrant      = 100_000
	maxExternalID = 128
)

// session shows where a session stands. Sessions are anonymous and unlisted:
// one that never did anything looks like one that never was.
func (s *Server) session(r *http.Request) (any, error) {
	id, err := sessionID(r)
	if err != nil {
		return nil, err
	}
	u, err := s.deps.Quota.Of(r.Context(), id)
	if err != nil {
		return nil, err
	}
	ids, err := s.deps.Queue.Tasks(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if ids == nil {
		ids = []task.ID{}
	}
	return operator.Session{Quota: document(id, u), Tasks: ids}, nil
}

func document(id task.SessionID, u quota.Usage) operator.Quota {
	return operator.Quota{
		Session: id, Daily: u.Daily, Used: u.Used, Active: u.Active, ActiveLimit: u.ActiveLimit, ResetsAt: u.ResetsAt,
	}
}

// grant gives a session more tasks today. The ledger makes it durable and
// counts an external id once; the history says who gave it and why.
func (s *Server) grant(r *http.Request, g operator.Grant) (any, error) {
	id, err := sessionID(r)
	if err != nil {
		return nil, err
	}
	if err := checkGrant(g); err != nil {
		return nil, err
	}
	e, err := edit(r, "quota.grant", string(id))
	if err != nil {
		return nil, err
	}
	before, err := s.deps.Quota.Of(r.Context(), id)
	if err != nil {
		return nil, err
	}
	if e.DryRun {
		before.Daily += g.Tasks
		return document(id, before), nil
	}
	after, err := s.deps.Quota.Grant(r.Context(), id, g.ExternalID, g.Tasks, e.Reason)
	if err != nil {
		return nil, err
	}
	if before.Daily != after.Daily {
		_, err = s.deps.Policy.Note(r.Context(), e, document(id, before), document(id, after))
	}
	return document(id, after), err
}

func checkGrant(g operator.Grant) error {
	f := fault.New(fault.GrantInvalid)
	if g.Tasks < 1 || g.Tasks > maxGrant {
		f = f.At("/tasks", fault.FieldOutOfRange, "must be 1…100000")
	}
	if g.ExternalID == "" || len(g.ExternalID) > maxExternalID || !printable(g.ExternalID) {
		f = f.At("/externalId", fault.FieldInvalid, "must be 1…128 visible ASCII characters")
	}
	if len(f.Violations) > 0 {
		return f
	}
	return nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// eraseSession removes all that a session owns. A dry run counts only tasks,
// because uploads and objects are found while erasing.
func (s *Server) eraseSession(r *http.Request) (any, error) {
	id, err := sessionID(r)
	if err != nil {
		return nil, err
	}
	e, err := edit(r, "session.erase", string(id))
	if err != nil {
		return nil, err
	}
	if e.DryRun {
		ids, err := s.deps.Queue.Tasks(r.Context(), id)
		return operator.Receipt{Tasks: len(ids), At: time.Now().UTC(), DryRun: true}, err
	}
	got, err := s.deps.Eraser.Session(r.Context(), id)
	if err != nil {
		return nil, err
	}
	receipt := operator.Receipt{
		ReceiptID: got.ReceiptID, Uploads: got.Uploads, Tasks: got.Tasks, Objects: got.Objects, CDN: got.Cached, At: got.At,
	}
	_, err = s.deps.Policy.Note(r.Context(), e, nil, receipt)
	return receipt, err
}
