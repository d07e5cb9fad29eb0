package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	verifiers = 16
	// afterlife is how long after the deletion of its task a call may still
	// start that was on its way.
	afterlife = 5 * time.Second
	// sweeping is how long the background may take to finish a deletion.
	sweeping = 40 * time.Second
)

// verifier reads everything again after the last restart.
type verifier struct {
	config Config
	site   *site
	book   *book
	direct []*client.Client // one for each gateway
	admin  *operator.Client
	kills  int // of gateways and workers, and restarts, so far

	counted *counted
}

func newVerifier(c Config, s *site, b *book) (*verifier, error) {
	v := &verifier{config: c, site: s, book: b, admin: s.admin[0]}
	for _, g := range s.public {
		cc := client.Defaults()
		cc.BaseURL = g
		api, err := client.New(cc)
		if err != nil {
			return nil, err
		}
		v.direct = append(v.direct, api)
	}
	return v, nil
}

// run checks every task on every gateway, the calls, and what is left on the
// disk.
func (v *verifier) run(ctx context.Context) (r audited, err error) {
	if v.counted, err = v.count(ctx); err != nil {
		return r, err
	}
	r.calls, r.counted = v.counted.asked, v.counted
	work := make(chan *entry)
	var crew sync.WaitGroup
	var mu sync.Mutex
	for range verifiers {
		crew.Go(func() {
			for e := range work {
				fen, rec := v.check(ctx, e)
				mu.Lock()
				r.doublePaidFen += fen
				r.count(rec)
				mu.Unlock()
			}
		})
	}
	for _, e := range v.book.entries {
		work <- e
	}
	close(work)
	crew.Wait()
	if r.doublePaidFen > v.config.DoublePayFen {
		v.book.fault(paidTwice, 1, "", "%d fen went on after unknown outcomes, policy allows %d", r.doublePaidFen, v.config.DoublePayFen)
	}
	// An attempt counts even if a killed worker never called, and each new
	// leader starts its own count.
	if float64(r.hedges) > v.config.Hedge*float64(r.calls+v.kills)+1+float64(v.kills) {
		v.book.fault(paidTwice, 1, "", "%d hedges among %d calls, policy allows a share of %v", r.hedges, r.calls, v.config.Hedge)
	}
	if err := v.ledger(ctx, &r); err != nil {
		return r, err
	}
	v.sessions(ctx)
	return r, v.clean(ctx)
}

// count reads what the providers count: the vendors, or the mocks' journal.
func (v *verifier) count(ctx context.Context) (*counted, error) {
	if v.site.vendors != nil {
		return v.site.vendors.count(ctx)
	}
	made, err := readCalls(v.site.journal)
	return &counted{calls: made, asked: made.count()}, err
}

// clean waits until nothing of what was deleted is left. A deletion that was
// cut short by a kill is finished in the background.
func (v *verifier) clean(ctx context.Context) error {
	var left []string
	late := rig.Retry(ctx, sweeping, 500*time.Millisecond, func(context.Context) (err error) {
		if left, err = v.leftovers(); err == nil && len(left) > 0 {
			err = fmt.Errorf("%d objects are left", len(left))
		}
		return err
	})
	for _, path := range left {
		v.book.fault(leftover, 1, "", "%s", path)
	}
	if len(left) > 0 {
		return nil
	}
	return late
}

// audited is what the final check counted.
type audited struct {
	calls         int
	doublePaidFen int64
	hedges        int
	okFen, fen    int64 // of the attempts in the records that are left
	attempts      int64

	counted    *counted
	budgets    string // what was spent of them
	betaBooked int64  // attempts at beta that are pictures or may be
	betaUntold int64  // of them, those whose job nobody could name
}

// count adds the attempts of a record.
func (r *audited) count(t operator.Task) {
	for _, a := range t.Attempts {
		r.attempts++
		r.fen += a.PriceFen
		if a.Outcome == task.OK {
			r.okFen += a.PriceFen
		}
		if a.Hedge {
			r.hedges++
		}
		r.remember(a)
	}
}

// ledger compares what is booked with the records and with the calls. Deleted
// tasks are booked too, and have no record any more.
func (v *verifier) ledger(ctx context.Context, r *audited) error {
	costs, err := v.admin.Costs(ctx, 2)
	if err != nil {
		return err
	}
	var ok, fen, attempts int64
	for _, c := range costs {
		ok, fen, attempts = ok+c.ChargedFen, fen+c.SpentFen(), attempts+c.Attempts
	}
	if ok < r.okFen || fen < r.fen || attempts < r.attempts {
		v.book.fault(unbooked, 1, "", "%d attempts, %d fen and %d for pictures are in the records, %d, %d and %d in the ledger", r.attempts, r.fen, r.okFen, attempts, fen, ok)
	}
	if paid := int64(r.calls) * priceFen; ok > paid {
		v.book.fault(unbooked, 1, "", "%d fen for pictures are in the ledger, all calls come to %d", ok, paid)
	}
	if v.site.vendors != nil {
		v.reconcile(v.counted, *r, costs)
	}
	r.budgets = v.checkBudgets(ctx, costs)
	return nil
}

// check reads one task again on every gateway.
func (v *verifier) check(ctx context.Context, e *entry) (doublePaid int64, rec operator.Task) {
	e.mu.Lock()
	deleted, seen := e.deleted, e.trail
	condemned := e.condemn
	e.mu.Unlock()
	if condemned {
		v.checkDeleted(ctx, e, deleted, v.counted.calls[e.id])
		return 0, rec
	}
	var first client.Task
	for i, api := range v.direct {
		doc, err := e.session.Via(api).Get(ctx, e.id)
		switch {
		case client.Status(err) == http.StatusNotFound:
			v.book.fault(lost, 1, e.id, "gateway %d answers 404 at the end", i+1)
			return 0, rec
		case err != nil:
			v.book.fault(surprise, 1, e.id, "gateway %d at the end: %v", i+1, err)
			return 0, rec
		case !doc.State.Terminal():
			v.book.fault(lost, 1, e.id, "still %s %d on gateway %d at the end", doc.State, doc.Version, i+1)
			return 0, rec
		case seen.terminal != "" && (string(doc.State) != seen.terminal || doc.Version != seen.last):
			v.book.fault(finishedTwice, 1, e.id, "streamed %s %d, read %s %d", seen.terminal, seen.last, doc.State, doc.Version)
		case i > 0 && (doc.State != first.State || doc.FinishedAt == nil || !doc.FinishedAt.Equal(*first.FinishedAt)):
			v.book.fault(finishedTwice, 1, e.id, "the gateways disagree: %s and %s", first.State, doc.State)
		}
		first = doc
	}
	if first.State == task.Succeeded {
		v.picture(ctx, e, first)
	}
	var err error
	rec, err = v.booked(ctx, e.id)
	if err != nil {
		v.book.fault(surprise, 1, e.id, "admin API: %v", err)
		return 0, rec
	}
	faults, doublePaid := audit(rec, v.counted.of(rec), v.config.Unknown)
	for _, f := range faults {
		v.book.fault(paidTwice, 1, e.id, "%s", f)
	}
	return doublePaid, rec
}

// booked reads a record once its losing hedges are booked too, which happens
// after the end of the task.
func (v *verifier) booked(ctx context.Context, id task.ID) (rec operator.Task, err error) {
	_ = rig.Retry(ctx, sweeping, 200*time.Millisecond, func(ctx context.Context) error {
		rec, err = v.admin.Task(ctx, id)
		if err == nil && slices.ContainsFunc(rec.Attempts, func(a task.Attempt) bool { return a.Outcome == "" }) {
			return errOpen
		}
		return nil
	})
	return rec, err
}

var errOpen = errors.New("an attempt is still open")

// picture fetches what a finished task promises.
func (v *verifier) picture(ctx context.Context, e *entry, doc client.Task) {
	for _, url := range []string{doc.Result.ImageURL, doc.Result.ThumbnailURL} {
		data, kind, err := v.direct[len(e.id)%len(v.direct)].Fetch(ctx, url, 32<<20)
		if err != nil || len(data) == 0 || !strings.HasPrefix(kind, "image/") {
			v.book.fault(lost, 1, e.id, "its picture: %d bytes of %q, %v", len(data), kind, err)
			return
		}
	}
}

// checkDeleted looks for a deleted task by every route.
func (v *verifier) checkDeleted(ctx context.Context, e *entry, deleted time.Time, made map[int][]call) {
	if deleted.IsZero() {
		return // its deletion was never answered: it may be there or not
	}
	erased := v.book.erased[e.session]
	for i, api := range v.direct {
		s := e.session.Via(api)
		doc, err := s.Get(ctx, e.id)
		switch {
		case err == nil:
			v.book.fault(resurrected, 1, e.id, "gateway %d shows it as %s %d at the end", i+1, doc.State, doc.Version)
		case erased && client.Code(err) == fault.SessionErased, !erased && client.Status(err) == http.StatusNotFound:
		default:
			v.book.fault(surprise, 1, e.id, "gateway %d, deleted task at the end: %v", i+1, err)
		}
		if st, err := s.Stream(ctx, e.id, ""); err == nil {
			st.Close()
			v.book.fault(resurrected, 1, e.id, "gateway %d streams it at the end", i+1)
		}
	}
	if _, err := e.again(ctx, false); client.Code(err) != fault.TaskDeleted && !erased {
		v.book.fault(resurrected, 1, e.id, "its key answers at the end: %v", err)
	}
	for number, cs := range made {
		if len(cs) > 1 {
			v.book.fault(paidTwice, 1, e.id, "attempt %d of a deleted task was called %d times", number, len(cs))
		}
		for _, c := range cs {
			if c.At.After(deleted.Add(afterlife)) {
				v.book.fault(resurrected, 1, e.id, "a provider was called %v after the deletion", c.At.Sub(deleted).Round(time.Millisecond))
			}
		}
	}
}

// sessions compares every session's list and quota with what was accepted.
func (v *verifier) sessions(ctx context.Context) {
	kept := map[*client.Session]map[task.ID]bool{}
	for _, e := range v.book.entries {
		if kept[e.session] == nil {
			kept[e.session] = map[task.ID]bool{}
		}
		if !e.condemned() {
			kept[e.session][e.id] = true
		}
	}
	for s, want := range kept {
		if v.book.erased[s] {
			continue
		}
		v.list(ctx, s, want)
		if q, err := s.Quota(ctx); err != nil || q.Active != 0 {
			v.book.fault(surprise, 1, "", "session %s has %d active tasks when all have ended (%v)", s.ID(), q.Active, err)
		}
	}
}

func (v *verifier) list(ctx context.Context, s *client.Session, want map[task.ID]bool) {
	listed := map[task.ID]bool{}
	for cursor := ""; ; {
		page, next, err := s.List(ctx, 100, cursor)
		if err != nil {
			v.book.fault(surprise, 1, "", "list of session %s: %v", s.ID(), err)
			return
		}
		for _, t := range page {
			if listed[t.TaskID] {
				v.book.fault(surprise, 1, t.TaskID, "listed twice")
			}
			listed[t.TaskID] = true
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	for id := range want {
		if !listed[id] {
			v.book.fault(lost, 1, id, "missing in the list of its session")
		}
	}
	for _, e := range v.book.entries {
		if e.session == s && listed[e.id] && !e.deleted.IsZero() {
			v.book.fault(resurrected, 1, e.id, "listed after its deletion")
		}
	}
}

// leftovers lists the objects of deleted tasks and erased sessions that are
// still on the disk. Their paths hold the ids.
func (v *verifier) leftovers() (paths []string, err error) {
	var deleted []string
	for _, e := range v.book.entries {
		if !e.deleted.IsZero() {
			deleted = append(deleted, string(e.id))
		}
	}
	for s := range v.book.erased {
		deleted = append(deleted, string(s.ID()))
	}
	err = filepath.WalkDir(filepath.Join(v.site.data, "objects"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() && slices.ContainsFunc(deleted, func(id string) bool { return strings.Contains(path, id) }) {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}
