package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/scrub"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const maxTasks = 1000

// asked is which tasks an operator wants to see.
type asked struct {
	search  queue.Search
	session task.SessionID
	order   string
}

// tasks lists what changed last, by the newest revisions: next goes on where
// there are more.
func (s *Server) tasks(r *http.Request) (any, error) {
	a, err := s.asked(r)
	if err != nil {
		return nil, err
	}
	records, next, err := s.candidates(r.Context(), a)
	if err != nil {
		return nil, err
	}
	out := operator.List[operator.Task]{Data: []operator.Task{}}
	for _, rec := range records {
		out.Data = append(out.Data, s.shown(rec))
	}
	if next > 0 {
		out.Next = strconv.FormatUint(next, 10)
	}
	operator.SortTasks(out.Data, a.order)
	return out, nil
}

// asked reads what is wanted, and names what would be good in place of what is
// not.
func (s *Server) asked(r *http.Request) (a asked, err error) {
	q := r.URL.Query()
	if a.search.Limit, err = number(r, "limit", 50, 1, maxTasks); err != nil {
		return a, err
	}
	if raw := q.Get("before"); raw != "" {
		if a.search.Before, err = strconv.ParseUint(raw, 10, 64); err != nil || a.search.Before == 0 {
			return a, invalid("before", "must be next of an earlier answer")
		}
	}
	if a.search.Since, err = operator.Since(q.Get("since"), time.Now()); err != nil {
		return a, invalid("since", err.Error())
	}
	state, code, provider := task.State(q.Get("state")), q.Get("code"), q.Get("provider")
	if state != "" && !slices.Contains(operator.TaskStates(), string(state)) {
		return a, invalid("state", oneOf(operator.TaskStates(), string(state)))
	}
	if a.order = q.Get("sortBy"); a.order != "" && !slices.Contains(operator.TaskOrders(), a.order) {
		return a, invalid("sortBy", oneOf(operator.TaskOrders(), a.order))
	}
	if len(code) > scrub.MostCode || strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' }) {
		return a, invalid("code", fmt.Sprintf("must be the code of a failure or a vendor's: at most %d characters without spaces", scrub.MostCode))
	}
	if provider != "" {
		if _, err := s.provider(provider); err != nil {
			return a, err
		}
	}
	if a.session = task.SessionID(q.Get("session")); a.session != "" && !task.ValidID(string(a.session)) {
		return a, fault.New(fault.SessionNotFound)
	}
	a.search.Keep = func(r *task.Record) bool {
		return (state == "" || r.State == state) && (code == "" || failed(r, code)) && (provider == "" || tried(r, provider))
	}
	return a, nil
}

func oneOf(good []string, is string) string {
	return fmt.Sprintf("must be one of %s, is %q", strings.Join(good, ", "), is)
}

// failed reports whether a task, or one of its attempts, failed with a code.
func failed(r *task.Record, code string) bool {
	return r.Failure != nil && string(r.Failure.Code) == code || slices.ContainsFunc(r.Attempts, func(a task.Attempt) bool { return a.Code == code })
}

func tried(r *task.Record, provider string) bool {
	return slices.ContainsFunc(r.Attempts, func(a task.Attempt) bool { return a.Provider == provider })
}

// candidates are the records that are wanted. Those of a session are read one by
// one: it has few.
func (s *Server) candidates(ctx context.Context, a asked) ([]*task.Record, uint64, error) {
	if a.session == "" {
		return s.deps.Queue.Recent(ctx, a.search)
	}
	ids, err := s.deps.Queue.Tasks(ctx, a.session)
	if err != nil {
		return nil, 0, err
	}
	var out []*task.Record
	for _, id := range ids {
		rec, _, err := s.deps.Queue.Lookup(ctx, a.session, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, 0, err
		}
		if err == nil && !rec.Deleted && !rec.CreatedAt.Before(a.search.Since) && a.search.Keep(rec) {
			out = append(out, rec)
		}
	}
	slices.SortFunc(out, func(a, b *task.Record) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return out[:min(len(out), a.search.Limit)], 0, nil
}
