package intake

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	// DefaultPage is the length of a page when none is asked for.
	DefaultPage = 20
	// MaxPage is the longest page.
	MaxPage = 100

	parallelLookups = 8
	maxCursor       = 128
)

// List returns a page of a session's tasks, newest first, and the cursor of
// the next page, "" at the end. Deleted tasks are not shown.
func (in *Intake) List(ctx context.Context, s session.ID, limit int, cursor string) (page []*task.Record, next string, err error) {
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err := in.all(ctx, s)
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		all = slices.DeleteFunc(all, func(r *task.Record) bool { return placeOf(r).compare(after) <= 0 })
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], placeOf(all[limit-1]).String(), nil
}

// all reads every live task of a session, newest first. A session has few: a
// day's quota.
func (in *Intake) all(ctx context.Context, s session.ID) ([]*task.Record, error) {
	ids, err := in.queue.Tasks(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	records := make([]*task.Record, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelLookups)
	for i, id := range ids {
		group.Go(func() error {
			r, _, err := in.live(ctx, s, id)
			if err != nil && fault.KindOf(err) == fault.NotFound {
				return nil
			}
			records[i] = r
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	records = slices.DeleteFunc(records, func(r *task.Record) bool { return r == nil })
	slices.SortFunc(records, func(a, b *task.Record) int { return placeOf(a).compare(placeOf(b)) })
	return records, nil
}

// place is where a task stands in a list.
type place struct {
	nanos int64
	id    task.ID
}

func placeOf(r *task.Record) place { return place{r.CreatedAt.UnixNano(), r.ID} }

// compare puts newer tasks first.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(q.nanos, p.nanos), cmp.Compare(q.id, p.id))
}

// String is the place as a cursor.
func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.nanos, 36) + "." + string(p.id)))
}

func parseCursor(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	bad := fault.New(fault.CursorInvalid).At("cursor", fault.FieldMalformed, "must be a nextCursor")
	if len(cursor) > maxCursor {
		return place{}, bad
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return place{}, bad
	}
	nanos, id, _ := strings.Cut(string(text), ".")
	n, err := strconv.ParseInt(nanos, 36, 64)
	if err != nil || !task.ValidID(id) {
		return place{}, bad
	}
	return place{n, task.ID(id)}, nil
}
