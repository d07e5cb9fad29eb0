package partial

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func open(t *testing.T) (f *Files, s task.SessionID, id task.UploadID) {
	t.Helper()
	c := Defaults()
	c.Dir, c.MinFree = t.TempDir(), 0
	f, err := Open(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, id = task.SessionID(task.NewID()), task.UploadID(task.NewID())
	if err := f.Create(s, id, 1); err != nil {
		t.Fatal(err)
	}
	return f, s, id
}

func TestWhatArrivedIsKept(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	cut := io.MultiReader(strings.NewReader("hello "), iotest.ErrReader(errors.New("radio lost")))
	if n, err := f.Append(s, id, Chunk{Max: 11, Source: cut}); n != 6 || err != nil {
		t.Fatalf("n = %d, err = %v", n, err)
	}
	if n, err := f.Append(s, id, Chunk{Offset: 6, Max: 5, Source: strings.NewReader("world and more")}); n != 5 || err != nil {
		t.Fatalf("n = %d, err = %v", n, err)
	}
	if got, _ := os.ReadFile(f.Path(s, id)); string(got) != "hello world" {
		t.Errorf("got %q", got)
	}
}

func TestAChunkThatIsNotAcceptedLeavesNothing(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	_, _ = f.Append(s, id, Chunk{Max: 3, Source: strings.NewReader("abc")})
	no := errors.New("no")
	n, err := f.Append(s, id, Chunk{Offset: 3, Max: 9, Source: strings.NewReader("xyz"), Hash: sha256.New(), Accept: func() error { return no }})
	if n != 0 || !errors.Is(err, no) {
		t.Errorf("n = %d, err = %v", n, err)
	}
	if size, _ := f.Size(s, id); size != 3 {
		t.Errorf("size = %d", size)
	}
}

func TestTwoProcessesDoNotWriteAtOnce(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	other, err := os.OpenFile(f.Path(s, id), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := syscall.Flock(int(other.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Append(s, id, Chunk{Max: 1, Source: strings.NewReader("x")}); fault.CodeOf(err) != fault.UploadLocked {
		t.Errorf("err = %v", err)
	}
}

func TestAbandonedFilesAreSweptAndForeignOnesStay(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	foreign := f.config.Dir + "/notes.txt"
	if err := os.WriteFile(foreign, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Sweep(time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("a young file was swept: %d, %v", n, err)
	}
	if n, err := f.Sweep(time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := f.Size(s, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("still there: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error(err)
	}
}

func TestASessionsFilesGoTogether(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	other := task.SessionID(task.NewID())
	if err := errors.Join(f.Create(s, task.UploadID(task.NewID()), 1), f.Create(other, id, 1)); err != nil {
		t.Fatal(err)
	}
	if n, err := f.RemoveSession(s); n != 2 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	if _, err := f.Size(other, id); err != nil {
		t.Errorf("another session's: %v", err)
	}
	if _, err := f.Append(s, id, Chunk{Max: 1, Source: strings.NewReader("x")}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a removed upload came back: %v", err)
	}
}

func TestAFullDiskRefusesPolitely(t *testing.T) {
	t.Parallel()
	f, s, _ := open(t)
	f.room = room.Of(f.config.Dir, 1<<62)
	if err := f.Create(s, task.UploadID(task.NewID()), 1); fault.CodeOf(err) != fault.StorageFull {
		t.Errorf("err = %v", err)
	}
}
