package queue

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// recentScan bounds how many revisions Recent looks at for one answer.
const recentScan = 4096

// recentTime is the same in time: an engine of several nodes takes a millisecond
// for each.
const recentTime = 3 * time.Second

// Tasks lists the ids of a session's tasks, tombstones included, in no order.
func (q *Queue) Tasks(ctx context.Context, s task.SessionID) ([]task.ID, error) {
	jobs, err := subjects(ctx, q.jobs, jobSubject(s, "*"))
	if err != nil {
		return nil, err
	}
	records, err := subjects(ctx, q.tasks, taskSubject(s, "*"))
	if err != nil {
		return nil, err
	}
	seen := taskIDs(jobs)
	maps.Copy(seen, taskIDs(records))
	return slices.AppendSeq(make([]task.ID, 0, len(seen)), maps.Keys(seen)), nil
}

// Jobs are the ids of all tasks that have a job: those that wait or run.
func (q *Queue) Jobs(ctx context.Context) (map[task.ID]struct{}, error) {
	jobs, err := subjects(ctx, q.jobs, jobSubject("*", "*"))
	return taskIDs(jobs), err
}

// Find returns the session that owns a task, for operators who know only the
// task's id.
func (q *Queue) Find(ctx context.Context, id task.ID) (task.SessionID, error) {
	found, err := subjects(ctx, q.tasks, taskSubject("*", id))
	if err == nil && len(found) == 0 {
		found, err = subjects(ctx, q.jobs, jobSubject("*", id))
	}
	if err != nil {
		return "", err
	}
	for subject := range found {
		return task.SessionID(strings.Split(subject, ".")[1]), nil
	}
	return "", fault.New(fault.TaskNotFound)
}

// subjects are those of a stream that match a filter, with their messages.
func subjects(ctx context.Context, s jetstream.Stream, filter string) (map[string]uint64, error) {
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, engine.Classify(err)
	}
	return info.State.Subjects, nil
}

// taskIDs are the last tokens of subjects.
func taskIDs(subjects map[string]uint64) map[task.ID]struct{} {
	ids := make(map[task.ID]struct{}, len(subjects))
	for subject := range subjects {
		ids[task.ID(subject[strings.LastIndexByte(subject, '.')+1:])] = struct{}{}
	}
	return ids
}

// Search says which tasks Recent returns.
type Search struct {
	Limit  int
	Before uint64                  // only what changed before; from an earlier answer, 0 for the newest
	Since  time.Time               // only tasks made since; zero for all
	Keep   func(*task.Record) bool // nil for all
}

func (s Search) keeps(r *task.Record) bool {
	return !r.Deleted && !r.CreatedAt.Before(s.Since) && (s.Keep == nil || s.Keep(r))
}

// Recent returns the newest revision of up to so many tasks, those that changed
// last first, and after them jobs nobody has touched yet. It looks at so many
// revisions and for so long; where it stopped before it had seen all, the next
// answer goes on before next.
func (q *Queue) Recent(ctx context.Context, s Search) (out []*task.Record, next uint64, _ error) {
	info, err := q.tasks.Info(ctx)
	if err != nil {
		return nil, 0, engine.Classify(err)
	}
	seen := make(map[task.ID]bool)
	first, seq, end := max(1, info.State.FirstSeq), info.State.LastSeq, time.Now().Add(recentTime)
	if s.Before > 0 {
		seq = min(seq, s.Before-1)
	}
	for n := 0; seq >= first; seq, n = seq-1, n+1 {
		if len(out) >= s.Limit || n >= recentScan || time.Now().After(end) {
			return out, seq + 1, nil
		}
		m, err := q.tasks.GetMsg(ctx, seq)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			continue
		case err != nil:
			return out, 0, engine.Classify(err)
		case m.Time.Before(s.Since): // and so is every older revision
			seq = first
			continue
		}
		r, err := decodeRecord(m.Data)
		if err != nil || seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if s.keeps(r) && q.newest(ctx, s, r) {
			out = append(out, r)
		}
	}
	out, err = q.waiting(ctx, out, seen, s)
	return out, 0, err
}

// untouched reports whether nobody has written a revision of a task. A search
// that did not look at all revisions would take it for one that waits.
func (q *Queue) untouched(ctx context.Context, r *task.Record) bool {
	now, _, err := q.Lookup(ctx, r.Session, r.ID)
	return err == nil && now.Version == r.Version
}

// newest reports whether a revision that a later answer found is not one of a
// task that has changed since, and stood in an earlier answer.
func (q *Queue) newest(ctx context.Context, s Search, r *task.Record) bool {
	if s.Before == 0 {
		return true
	}
	now, _, err := q.Lookup(ctx, r.Session, r.ID)
	return err == nil && now.Version == r.Version
}

func (q *Queue) waiting(ctx context.Context, out []*task.Record, seen map[task.ID]bool, s Search) ([]*task.Record, error) {
	info, err := q.jobs.Info(ctx)
	if err != nil {
		return out, engine.Classify(err)
	}
	for seq, n := info.State.FirstSeq, 0; seq <= info.State.LastSeq && seq > 0 && len(out) < s.Limit && n < recentScan; n++ {
		m, err := q.jobs.GetMsg(ctx, seq, jetstream.WithGetMsgSubject("job.*.*"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return out, nil
		}
		if err != nil {
			return out, engine.Classify(err)
		}
		seq = m.Sequence + 1
		if j, err := decodeJob(m.Data); err == nil && !seen[j.ID] {
			r := j.Accepted()
			if r.Queue = q.Estimate(m.Sequence); s.keeps(r) && q.untouched(ctx, r) {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// Erase replaces a task, in any state, by a tombstone without content and removes
// its history in the same step. Writers that race lose their compare-and-swap
// and find the tombstone. It stays until the task would have expired.
func (q *Queue) Erase(ctx context.Context, s task.SessionID, id task.ID) (existed bool, err error) {
	for {
		r, rev, err := q.Lookup(ctx, s, id)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if r.Deleted {
			return false, nil
		}
		h := nats.Header{jetstream.MsgRollup: []string{jetstream.MsgRollupSubject}}
		_, err = q.write(ctx, r.Tombstone(), rev, time.Until(r.ExpiresAt), h)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		return err == nil, err
	}
}

// Trim removes all but the newest revision of a finished task.
func (q *Queue) Trim(ctx context.Context, s task.SessionID, id task.ID) error {
	return engine.Classify(q.tasks.Purge(ctx, jetstream.WithPurgeSubject(taskSubject(s, id)), jetstream.WithPurgeKeep(1)))
}
