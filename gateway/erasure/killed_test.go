package erasure

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

var errKilled = errors.New("killed")

// fuse lets so many steps pass and then none: the gateway was killed there.
type fuse struct {
	armed bool
	left  int
}

func (f *fuse) blown() bool {
	if !f.armed {
		return false
	}
	f.left--
	return f.left < 0
}

func (f *fuse) err() error {
	if f.blown() {
		return errKilled
	}
	return nil
}

type fusedDriver struct {
	store.Driver
	fuse *fuse
}

func (d *fusedDriver) Delete(ctx context.Context, key string) (bool, error) {
	if err := d.fuse.err(); err != nil {
		return false, err
	}
	return d.Driver.Delete(ctx, key)
}

func (d *fusedDriver) DeletePrefix(ctx context.Context, prefix string) (int, error) {
	if err := d.fuse.err(); err != nil {
		return 0, err
	}
	return d.Driver.DeletePrefix(ctx, prefix)
}

type fusedQueue struct {
	queue
	fuse *fuse
}

func (q fusedQueue) Erase(ctx context.Context, s task.SessionID, id task.ID) (bool, error) {
	if err := q.fuse.err(); err != nil {
		return false, err
	}
	return q.queue.Erase(ctx, s, id)
}

type fusedIntake struct {
	intake
	fuse *fuse
}

func (i fusedIntake) Cancel(ctx context.Context, s session.ID, id task.ID) (*task.Record, error) {
	if err := i.fuse.err(); err != nil {
		return nil, err
	}
	return i.intake.Cancel(ctx, s, id)
}

func (i fusedIntake) Erase(ctx context.Context, r *task.Record) error {
	return errors.Join(i.fuse.err(), i.intake.Erase(ctx, r))
}

func (i fusedIntake) EraseSession(ctx context.Context, s session.ID) error {
	if err := i.fuse.err(); err != nil {
		return err
	}
	return i.intake.EraseSession(ctx, s)
}

type fusedUploads struct {
	uploads
	fuse *fuse
}

func (u fusedUploads) Remove(ctx context.Context, s session.ID, id task.UploadID) (int, error) {
	if err := u.fuse.err(); err != nil {
		return 0, err
	}
	return u.uploads.Remove(ctx, s, id)
}

func (u fusedUploads) RemoveAll(ctx context.Context, s session.ID) (int, int, error) {
	if err := u.fuse.err(); err != nil {
		return 0, 0, err
	}
	return u.uploads.RemoveAll(ctx, s)
}

type fusedSessions struct {
	sessions
	fuse *fuse
}

func (s fusedSessions) MarkErased(ctx context.Context, id session.ID) error {
	if err := s.fuse.err(); err != nil {
		return err
	}
	return s.sessions.MarkErased(ctx, id)
}

type fusedAccounts struct {
	accounts
	fuse *fuse
}

func (l fusedAccounts) Finish(ctx context.Context, s session.ID, id task.ID, charged bool) error {
	if err := l.fuse.err(); err != nil {
		return err
	}
	return l.accounts.Finish(ctx, s, id, charged)
}

func (l fusedAccounts) Erase(ctx context.Context, s session.ID) error {
	if err := l.fuse.err(); err != nil {
		return err
	}
	return l.accounts.Erase(ctx, s)
}

// killAtEveryStep runs an erasure that ends at its first step, at its second,
// and so on until none is left, and has the next gateway finish each.
func killAtEveryStep(t *testing.T, fill, erase, want func(*testing.T, *fixture) error) {
	t.Helper()
	const most = 64
	for steps := range most {
		f := open(t)
		if err := fill(t, f); err != nil {
			t.Fatal(err)
		}
		f.fuse.armed, f.fuse.left = true, steps
		err := erase(t, f)
		f.fuse.armed = false
		if err == nil {
			t.Logf("%d steps", steps)
			return
		}
		if !errors.Is(err, errKilled) {
			t.Fatalf("killed after %d steps: %v", steps, err)
		}
		for range 2 { // to finish what is finished does no harm
			if err := f.Finish(t.Context(), time.Now().Add(abandoned+time.Second)); err != nil {
				t.Errorf("killed after %d steps, finish: %v", steps, err)
			}
		}
		if err := want(t, f); err != nil {
			t.Errorf("killed after %d steps: %v", steps, err)
		}
	}
	t.Errorf("the erasure did not end in %d steps", most)
}

func TestAnErasureOfASessionIsFinishedWhereverItWasKilled(t *testing.T) {
	t.Parallel()
	killAtEveryStep(t,
		func(t *testing.T, f *fixture) error { f.fill(t); return nil },
		func(t *testing.T, f *fixture) error { _, err := f.Session(t.Context(), f.id); return err },
		func(t *testing.T, f *fixture) error { f.wantNothing(t); return nil })
}

func TestAnErasureOfATaskIsFinishedWhereverItWasKilled(t *testing.T) {
	t.Parallel()
	var id task.ID
	killAtEveryStep(t,
		func(t *testing.T, f *fixture) error {
			r := f.submit(t, 0)
			f.succeed(t, r)
			id = r.ID
			return nil
		},
		func(t *testing.T, f *fixture) error { _, err := f.Task(t.Context(), f.id, id); return err },
		func(t *testing.T, f *fixture) error {
			_, err := f.intake.Get(t.Context(), f.id, id)
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("the task: %v", err)
			}
			n, err := f.store.DeletePrefix(t.Context(), string(f.id)+"/tasks/")
			if n > 0 {
				t.Errorf("%d objects were left", n)
			}
			return err
		})
}

func TestAnErasureOfAnUploadIsFinishedWhereverItWasKilled(t *testing.T) {
	t.Parallel()
	killAtEveryStep(t,
		func(*testing.T, *fixture) error { return nil },
		func(t *testing.T, f *fixture) error { _, err := f.Upload(t.Context(), f.id, f.photo.ID); return err },
		func(t *testing.T, f *fixture) error {
			_, err := f.uploads.Get(t.Context(), f.id, f.photo.ID)
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("the upload: %v", err)
			}
			n, err := f.store.DeletePrefix(t.Context(), string(f.id)+"/uploads/")
			if n > 0 {
				t.Errorf("%d objects were left", n)
			}
			return err
		})
}
