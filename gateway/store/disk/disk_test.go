package disk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/storetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func open(t testing.TB, c Config) *Disk {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	d, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDiskIsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Driver { return open(t, Config{}) })
}

func TestDiskWithFsyncIsAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Driver { return open(t, Config{Sync: true}) })
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, Config{Dir: dir})
	session := task.NewID()
	ours := session + "/tasks/x/1.jpg"
	if _, err := d.Put(t.Context(), ours, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	foreign := []string{
		filepath.Join(dir, "notes.txt"),
		filepath.Join(dir, "objects", "notes.txt"),
		filepath.Join(dir, "objects", session[:2], "notes.txt"),
		filepath.Join(d.sessionDir(session), "Notes.txt"),
	}
	for _, f := range foreign {
		if err := os.WriteFile(f, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeletePrefix(t.Context(), session+"/"); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Dir: dir})
	for _, f := range foreign {
		if _, err := os.Stat(f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	if _, err := d.Stat(t.Context(), ours); fault.KindOf(err) != fault.NotFound {
		t.Errorf("our own object is still there: %v", err)
	}
}

// A gateway that was killed in the middle of a write starts at once and then
// runs for months.
func TestASweepRemovesWhatAnInterruptedWriteLeft(t *testing.T) {
	t.Parallel()
	d := open(t, Config{})
	for name, age := range map[string]time.Duration{"old": 2 * tempKept, "young": tempKept / 2} {
		path, then := filepath.Join(d.temp, name), time.Now().Add(-age)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Sweep(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(d.temp)
	if err != nil || len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("left: %v, %v", left, err)
	}
	d.config.Retention = tempKept / 4
	if _, err := d.Sweep(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
		t.Errorf("left beyond the retention: %v, %v", left, err)
	}
}

func TestAgeSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := open(t, Config{Dir: dir})
	key := task.NewID() + "/tasks/x/1.jpg"
	if _, err := before.Put(t.Context(), key, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	_, path := before.path(key)
	old := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	after := open(t, Config{Dir: dir})
	if n, err := after.Sweep(t.Context(), time.Now().Add(-24*time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d, err %v", n, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the empty directory is still there: %v", err)
	}
	if _, err := after.Put(t.Context(), key, strings.NewReader("new")); err != nil {
		t.Errorf("put after a sweep: %v", err)
	}
}

func TestInterruptedWritesAreCleared(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, Config{Dir: dir})
	left, busy := filepath.Join(d.temp, "half"), filepath.Join(d.temp, "busy")
	for _, f := range []string{left, busy} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * tempKept)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	open(t, Config{Dir: dir})
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("left over: %v", err)
	}
	if _, err := os.Stat(busy); err != nil {
		t.Errorf("a write of another gateway was broken: %v", err)
	}
}

func TestAFullDiskRefusesPolitely(t *testing.T) {
	t.Parallel()
	d := open(t, Config{MinFree: 1 << 62})
	_, err := d.Put(t.Context(), task.NewID()+"/tasks/x/1.jpg", strings.NewReader("x"))
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.Code != fault.StorageFull || f.RetryAfter <= 0 {
		t.Errorf("err = %v", err)
	}
}

func TestWritersAndSweepersRaceSafely(t *testing.T) {
	t.Parallel()
	d := open(t, Config{})
	session := task.NewID()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 100 {
				if _, err := d.Put(t.Context(), fmt.Sprintf("%s/tasks/x/%d-%d.jpg", session, i, n), strings.NewReader("x")); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	all.Go(func() {
		for range 100 {
			if _, err := d.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
				t.Errorf("sweep: %v", err)
			}
		}
	})
	all.Wait()
}

func TestAnOldObjectIsCopiedBesideASweeper(t *testing.T) {
	t.Parallel()
	d := open(t, Config{Retention: time.Minute})
	from := task.NewID() + "/tasks/x/1.jpg"
	if _, err := d.Put(t.Context(), from, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	_, path := d.path(from)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	copied, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-copied:
				return
			default:
			}
			if _, err := d.Sweep(t.Context(), time.Now().Add(-2*time.Hour)); err != nil {
				t.Errorf("sweep: %v", err)
			}
		}
	}()
	for i := range 200 {
		if err := d.Copy(t.Context(), from, fmt.Sprintf("%s/tasks/y/%d.jpg", task.NewID(), i)); err != nil {
			t.Fatalf("copy %d: %v", i, err)
		}
	}
	close(copied)
	<-done
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			d := open(b, Config{})
			body := bytes.Repeat([]byte("x"), size)
			b.RunParallel(func(pb *testing.PB) {
				session := task.NewID()
				for i := 0; pb.Next(); i++ {
					if _, err := d.Put(b.Context(), fmt.Sprintf("%s/tasks/%d/1.jpg", session, i), bytes.NewReader(body)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestAProbeSaysWhatStandsInItsWay(t *testing.T) {
	t.Parallel()
	full := open(t, Config{MinFree: 1 << 62})
	if err := full.Probe(t.Context(), 0); fault.CodeOf(err) != fault.StorageFull || !strings.Contains(err.Error(), "store.minFree") {
		t.Errorf("of a full disk: %v", err)
	}
	away := open(t, Config{})
	if err := os.RemoveAll(away.root); err != nil {
		t.Fatal(err)
	}
	if err := away.Probe(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("of a directory that is away: %v", err)
	}
	if err := os.MkdirAll(away.temp, dirMode); err != nil {
		t.Fatal(err)
	}
	if err := away.Probe(t.Context(), 0); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	if left, err := os.ReadDir(away.temp); err != nil || len(left) > 0 {
		t.Errorf("a probe left %v, %v", left, err)
	}
}
