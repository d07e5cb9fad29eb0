package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/imgfleet/imgfleet/deploy/bench/load"
	"github.com/imgfleet/imgfleet/deploy/bench/report"
	"github.com/imgfleet/imgfleet/deploy/bench/rig"
	programs "github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/queue"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	footprintTasks = 1000
	footprintMore  = 50_000 // finished records, written directly, to see what memory they hold
	day            = 24 * 60 * 60
)

// footprint measures what a finished task costs until it expires: bytes in
// the engine and of memory. From these follows the highest rate that one node
// can keep up for a day of retention.
func (b *bench) footprint(ctx context.Context) error {
	r, err := b.rig(ctx, rig.Options{Sync: interval, Model: copyModel, Capacity: slots})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.StartWorkers(ctx, 2); err != nil {
		return err
	}
	empty, err := look(ctx, r)
	if err != nil {
		return err
	}
	who, err := b.crowd(ctx, r, owners)
	if err != nil {
		return err
	}
	before, err := look(ctx, r)
	if err != nil {
		return err
	}
	if _, err := b.batch(ctx, r, who, footprintTasks); err != nil {
		return err
	}
	fresh, err := look(ctx, r)
	if err != nil {
		return err
	}
	if err := trimmed(ctx, r, who); err != nil {
		return err
	}
	after, err := look(ctx, r)
	if err != nil {
		return err
	}
	group := "a finished task"
	b.out.Add(report.Row{Group: group, Name: "engine, with its history", Unit: "bytes", Rounds: []float64{float64(fresh.total()-before.total()) / footprintTasks}, Note: "for a minute after its end: " + fresh.since(before.sizes, footprintTasks)})
	photo := float64(before.total()-empty.total()) / owners
	b.out.Add(report.Row{Group: group, Name: "engine, for a session and its photo", Unit: "bytes", Rounds: []float64{photo}, Note: before.since(empty.sizes, owners)})
	kept := float64(after.total()-before.total()) / footprintTasks
	b.out.Add(report.Row{Group: group, Name: "engine, until it expires", Unit: "bytes", Rounds: []float64{kept}, Note: after.since(before.sizes, footprintTasks)})
	b.out.Add(report.Row{Group: group, Name: "object store, fixed picture", Unit: "bytes", Rounds: []float64{float64(fresh.objects-before.objects) / footprintTasks}})
	return b.memory(ctx, r, who, kept+photo)
}

// memory fills the engine with finished records and sees what a gateway that
// has started on them holds, and what they take on the disk.
func (b *bench) memory(ctx context.Context, r *rig.Rig, who []load.Owner, kept float64) error { // kept: bytes in the engine
	if err := r.StopWorkers(ctx); err != nil {
		return err
	}
	before, err := b.onStart(ctx, r)
	if err != nil {
		return err
	}
	if err := b.fill(ctx, r, who[0].Session); err != nil {
		return err
	}
	after, err := b.onStart(ctx, r)
	if err != nil {
		return err
	}
	memory := float64(after.memory-before.memory) / footprintMore
	group := "a finished task"
	b.out.Add(report.Row{Group: group, Name: "memory of the gateway", Unit: "bytes anonymous", Rounds: []float64{memory}, Note: fmt.Sprintf("after a restart on %d more", footprintMore)})
	b.out.Add(report.Row{Group: group, Name: "engine's files for its record", Unit: "bytes", Rounds: []float64{float64(after.disk-before.disk) / footprintMore}})
	perDisk, perMemory := 100e9/kept/day, 1e9/max(1, memory)/day
	b.out.Add(report.Row{Group: "a day of retention on one node", Name: "rate that 100 GB of disk keep", Unit: "/s", Rounds: []float64{perDisk}, Note: "engine only, a photo for every task; pictures are extra"})
	b.out.Add(report.Row{Group: "a day of retention on one node", Name: "rate that 1 GB of memory keeps", Unit: "/s", Rounds: []float64{perMemory}})
	b.out.Remark("a finished task and its photo cost %.0f bytes in the engine and about %.0f bytes of memory until it expires: with 24 h of retention, 100 GB of disk keep %.0f tasks/s and 1 GB of memory %.0f tasks/s", kept, memory, perDisk, perMemory)
	return nil
}

// held is what a gateway takes that has just started.
type held struct{ memory, disk int64 }

func (b *bench) onStart(ctx context.Context, r *rig.Rig) (h held, err error) {
	if h.memory, err = restarted(ctx, r); err != nil {
		return h, err
	}
	h.disk, err = diskUsage(filepath.Join(r.Data(), "engine"), "")
	return h, err
}

// fill writes copies of one session's last finished record under new ids.
func (b *bench) fill(ctx context.Context, r *rig.Rig, s task.SessionID) error {
	return withQueue(ctx, r, func(q *queue.Queue) error {
		ids, err := q.Tasks(ctx, s)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return fmt.Errorf("session %s has no task", s)
		}
		model, _, err := q.Lookup(ctx, s, ids[0])
		if err != nil {
			return err
		}
		return programs.Parallel(lanes, footprintMore, func(int) error {
			c := *model
			c.Session, c.ID = task.SessionID(task.NewID()), task.ID(task.NewID())
			_, err := q.Write(ctx, &c, 0)
			return err
		})
	})
}

// trimmed does at once what the dispatcher does a minute after the end of a
// task: it forgets all but the last revision.
func trimmed(ctx context.Context, r *rig.Rig, who []load.Owner) error {
	return withQueue(ctx, r, func(q *queue.Queue) error {
		return programs.Parallel(lanes, len(who), func(i int) error {
			ids, err := q.Tasks(ctx, who[i].Session)
			for _, id := range ids {
				if err == nil {
					err = q.Trim(ctx, who[i].Session, id)
				}
			}
			return err
		})
	})
}

// sizes are the bytes that each stream of the engine holds.
type sizes map[string]uint64

// stored is what lies in a rig: in the engine, and as objects.
type stored struct {
	sizes
	objects int64
}

func look(ctx context.Context, r *rig.Rig) (s stored, err error) {
	s.sizes = make(sizes)
	err = within(ctx, r, func(e *engine.Engine) error {
		list := e.JetStream().ListStreams(ctx)
		for info := range list.Info() {
			s.sizes[info.Config.Name] = info.State.Bytes
		}
		return list.Err()
	})
	if err != nil {
		return s, err
	}
	s.objects, err = diskUsage(r.Data(), "engine")
	return s, err
}

func (s sizes) total() (sum uint64) {
	for _, n := range s {
		sum += n
	}
	return sum
}

// since names the streams that grew, per task.
func (s sizes) since(before sizes, tasks int) string {
	text := ""
	for name, n := range s {
		if grown := int64(n) - int64(before[name]); grown >= int64(tasks) {
			text += fmt.Sprintf("%s %d ", name, grown/int64(tasks))
		}
	}
	return text
}

// diskUsage is what the files below dir occupy, without one of its folders.
func diskUsage(dir, without string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // files come and go while we look
		}
		if d.IsDir() && without != "" && path == filepath.Join(dir, without) {
			return fs.SkipDir
		}
		if info, err := d.Info(); err == nil {
			if st, ok := info.Sys().(*syscall.Stat_t); ok {
				total += st.Blocks * 512
			}
		}
		return nil
	})
	return total, err
}
