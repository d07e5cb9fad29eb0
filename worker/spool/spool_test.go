package spool

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// world is a folder and what the workers at it say.
type world struct {
	t   *testing.T
	dir string
	log bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, dir: filepath.Join(t.TempDir(), "spool")}
}

// worker opens the spool as one more worker does.
func (w *world) worker(change ...func(*Config)) *Spool {
	w.t.Helper()
	c := Config{Dir: w.dir, Most: 1 << 20}
	for _, f := range change {
		f(&c)
	}
	s, err := Open(c, slog.New(slog.NewTextHandler(&w.log, nil)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Close)
	return s
}

func (w *world) files() (names []string) {
	w.t.Helper()
	all, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func outcome(number int) workerrpc.Outcome {
	return workerrpc.Outcome{Task: task.ID(task.DeriveID("a")), Number: number, Result: task.OK, RequestID: "r-1", PriceFen: 20}
}

func soon() time.Time { return time.Now().Add(time.Minute) }

func TestWhatAWorkerLeavesIsTakenUpOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.worker()
	if e := first.Keep(outcome(1), soon(), []byte("picture")); e == nil {
		t.Fatal(w.log.String())
	}
	beside := w.worker()
	if got := beside.Found(); len(got) != 0 {
		t.Errorf("a worker that lives loses %v", got)
	}
	first.Close() // as the system does when it dies
	beside.look(time.Now())
	late := w.worker()
	if got, want := beside.Found(), []string{workerrpc.SpoolName(outcome(1).Task, 1)}; !slices.Equal(got, want) || len(late.Found()) != 0 {
		t.Fatalf("found %v, and by another worker %v, want %v once", got, late.Found(), want)
	}
	e := beside.Take(outcome(1).Task, 1)
	if e == nil || beside.Take(outcome(1).Task, 1) != nil || len(beside.Found()) != 0 {
		t.Fatalf("taken %v", e)
	}
	data, err := e.Read()
	if err != nil || string(data) != "picture" || e.Outcome() != outcome(1) {
		t.Errorf("it holds %q, %+v, %v", data, e.Outcome(), err)
	}
	e.Remove()
	e.Remove()
	if left := w.files(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFilesTellNothingAndAreNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.worker().Keep(outcome(1), soon(), []byte("picture"))
	for _, name := range w.files() {
		is, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil || is.Mode().Perm() != 0o600 || strings.Contains(name, string(outcome(1).Task)) {
			t.Errorf("%s: %v, %v", name, is.Mode(), err)
		}
	}
	if is, err := os.Stat(w.dir); err != nil || is.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", is.Mode(), err)
	}
}

func TestAFolderThatOthersMayEnterIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link, open := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "open")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{file: "must be a folder", link: "must be a folder", open: "chmod 700"} {
		if _, err := Open(Config{Dir: at, Most: 1 << 30}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "worker.spool: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestAFullSpoolSaysSoAndKeepsNothingMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.worker(func(c *Config) { c.Most = 3000 })
	one := s.Keep(outcome(1), soon(), make([]byte, 2000))
	if one == nil || s.Keep(outcome(2), soon(), make([]byte, 2000)) != nil {
		t.Fatalf("it takes more than it may: %v", w.files())
	}
	if said := w.log.String(); strings.Count(said, "kept in memory only") != 1 || !strings.Contains(said, "full") {
		t.Errorf("it says %q", said)
	}
	one.Remove()
	if s.Keep(outcome(3), soon(), make([]byte, 2000)) == nil {
		t.Error("there is room again")
	}
}

func TestOldPicturesAreSweptAtTheStartAndWhenTheirTimeComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.worker()
	for n, until := range []time.Time{time.Now().Add(-time.Second), time.Now().Add(time.Hour)} {
		if s.Keep(outcome(n+1), until, []byte("picture")) == nil {
			t.Fatal(w.log.String())
		}
	}
	part := filepath.Join(w.dir, "x"+suffix+".y"+unready)
	if err := os.WriteFile(part, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * partKept)
	if err := os.Chtimes(part, long, long); err != nil {
		t.Fatal(err)
	}
	s.Close()
	next := w.worker()
	if got := next.Found(); len(got) != 1 || len(w.files()) != 1 {
		t.Fatalf("found %v in %v", got, w.files())
	}
	next.look(time.Now().Add(2 * time.Hour))
	if got := next.Found(); len(got) != 0 || len(w.files()) != 0 {
		t.Errorf("an hour later there are %v in %v", got, w.files())
	}
}

// What somebody puts into the folder is neither read nor followed, and does no
// harm. What is damaged goes.
func TestForeignAndDamagedFilesAreNoPictures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.worker()
	good := s.Keep(outcome(1), soon(), []byte("picture"))
	whole, err := os.ReadFile(filepath.Join(w.dir, good.name))
	if err != nil {
		t.Fatal(err)
	}
	good.Remove()
	s.Close()
	name := func(n int) string { return fileOf(workerrpc.SpoolName(outcome(1).Task, n)) }
	put := func(name string, data []byte, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(w.dir, name), data, mode); err != nil {
			t.Fatal(err)
		}
	}
	put(name(2), whole, 0o600)                                       // of another attempt
	put(name(3), []byte("no picture at all, and a long one"), 0o600) // nothing of ours
	put(name(4), nil, 0o600)
	put(name(5), append([]byte(magic), 0xff, 0xff, 0xff, 0xff), 0o600) // a header without an end
	damaged := []string{name(2), name(3), name(4), name(5)}
	put("open"+suffix, whole, 0o644)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, lay := range map[string]func(string, string) error{"link" + suffix: os.Symlink, "hard" + suffix: os.Link} {
		if err := lay(outside, filepath.Join(w.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(w.dir, "pipe"+suffix), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "folder"+suffix), 0o700); err != nil {
		t.Fatal(err)
	}
	next := w.worker()
	next.look(time.Now())
	left := w.files()
	if got := next.Found(); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	for _, n := range damaged {
		if slices.Contains(left, n) {
			t.Errorf("%s is still there", n)
		}
	}
	for _, n := range []string{"open", "link", "hard", "pipe", "folder"} {
		if !slices.Contains(left, n+suffix) || strings.Count(w.log.String(), "file="+n+suffix+" ") != 1 {
			t.Errorf("%s is gone, or not said once:\n%s", n, w.log.String())
		}
	}
	if now, err := os.ReadFile(outside); err != nil || !bytes.Equal(now, whole) {
		t.Errorf("what lies outside changed: %v", err)
	}
}

func TestAPictureThatWasChangedIsNotGivenOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.worker()
	path := filepath.Join(w.dir, s.Keep(outcome(1), soon(), []byte("picture")).name)
	s.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][]byte{"a byte": append(data[:len(data)-1:len(data)-1], 'x'), "cut": data[:len(data)-1]} {
		if err := os.WriteFile(path, change, 0o600); err != nil {
			t.Fatal(err)
		}
		next := w.worker()
		e := next.Take(outcome(1).Task, 1)
		if e == nil {
			t.Fatalf("%s: it is not found", name)
		}
		if got, err := e.Read(); err == nil {
			t.Errorf("%s: it gives %q", name, got)
		}
		if left := w.files(); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
		next.Close()
	}
}

// A picture that kills whoever begins with it is given up.
func TestAPictureThatWorkersDieWithIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.worker()
	s.Keep(outcome(1), soon(), []byte("picture"))
	s.Close()
	for n := range begunMost {
		s := w.worker()
		e := s.Take(outcome(1).Task, 1)
		if e == nil {
			t.Fatalf("after %d workers it is gone:\n%s", n, w.log.String())
		}
		if data, err := e.Read(); err != nil || string(data) != "picture" {
			t.Errorf("worker %d reads %q, %v", n, data, err)
		}
		s.Close()
	}
	if got := w.worker().Found(); len(got) != 0 || len(w.files()) != 0 || !strings.Contains(w.log.String(), "too many workers died") {
		t.Errorf("then there are %v in %v:\n%s", got, w.files(), w.log.String())
	}
}

func TestNoSpoolKeepsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s *Spool
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.Run(ctx)
		e := s.Keep(outcome(1), soon(), nil)
		e.Remove()
		e.Leave()
		s.Take(outcome(1).Task, 1).Remove()
		s.Close()
		if e != nil || s.Found() != nil {
			t.Errorf("kept %v", e)
		}
	})
}

func FuzzReadHeader(f *testing.F) {
	data, err := encode(outcome(1), time.Unix(1, 0), []byte("picture"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		h, err := readHeader(r)
		if err != nil {
			return
		}
		if got, err := readPicture(r, h); err == nil && len(got) != h.Size {
			t.Errorf("%d bytes of %d", len(got), h.Size)
		}
	})
}
