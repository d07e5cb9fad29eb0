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

// List returns a page of a session's tasks, newest first, from a cursor or from
// the newest. next is the cursor of the next page, "" at the end. Deleted tasks
// are left out.
func (in *Intake) List(ctx context.Context, s session.ID, limit int, from string) (page []*task.Record, next string, err error) {
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	after, err := parseCursor(from)
	if err != nil {
		return nil, "", err
	}
	all, err := in.all(ctx, s)
	if err != nil {
		return nil, "", err
	}
	if from != "" {
		all = slices.DeleteFunc(all, func(r *task.Record) bool { return cursorOf(r).compare(after) <= 0 })
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], cursorOf(all[limit-1]).String(), nil
}

// all reads every live task of a session, newest first. A session has few: its
// quota bounds them.
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
	slices.SortFunc(records, func(a, b *task.Record) int { return cursorOf(a).compare(cursorOf(b)) })
	return records, nil
}

// cursor is the last task of a page: the next page begins after it.
type cursor struct {
	nanos int64
	id    task.ID
}

func cursorOf(r *task.Record) cursor { return cursor{r.CreatedAt.UnixNano(), r.ID} }

// compare puts newer tasks first.
func (c cursor) compare(d cursor) int {
	return cmp.Or(cmp.Compare(d.nanos, c.nanos), cmp.Compare(d.id, c.id))
}

// String is the cursor as clients see it.
func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.nanos, 36) + "." + string(c.id)))
}

func parseCursor(sent string) (cursor, error) {
	if sent == "" {
		return cursor{}, nil
	}
	bad := fault.New(fault.CursorInvalid).At("cursor", fault.FieldMalformed, "must be a nextCursor")
	if len(sent) > maxCursor {
		return cursor{}, bad
	}
	text, err := base64.RawURLEncoding.DecodeString(sent)
	if err != nil {
		return cursor{}, bad
	}
	nanos, id, _ := strings.Cut(string(text), ".")
	n, err := strconv.ParseInt(nanos, 36, 64)
	if err != nil || !task.ValidID(id) {
		return cursor{}, bad
	}
	return cursor{n, task.ID(id)}, nil
}
