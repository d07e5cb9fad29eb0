package upload

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func file(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnAdoptedFileIsAnOrdinaryUpload(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	if there, err := f.Received(t.Context(), up); there || err != nil {
		t.Errorf("there before it came: %v, %v", there, err)
	}
	if err := f.Adopt(t.Context(), up, file(t, "12345")); err != nil {
		t.Fatal(err)
	}
	if there, err := f.Received(t.Context(), up); !there || err != nil {
		t.Errorf("there = %v, %v", there, err)
	}
	up, err := f.Complete(t.Context(), f.id, up.ID)
	if err != nil || up.Status != Ready {
		t.Fatalf("upload = %+v, err = %v", up, err)
	}
	wantCode(t, f.Adopt(t.Context(), up, file(t, "12345")), fault.Conflict, "upload_already_complete")
}

func TestAFileOfARemovedUploadIsNotAdopted(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	if _, err := f.Remove(t.Context(), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.Adopt(t.Context(), up, file(t, "12345")), fault.NotFound, "upload_not_found")
	if _, err := f.store.Stat(t.Context(), up.RawKey); fault.KindOf(err) != fault.NotFound {
		t.Errorf("bytes are left: %v", err)
	}
}

// parts counts what it is asked to remove.
type parts struct {
	removed  []task.UploadID
	sessions []session.ID
}

func (p *parts) Remove(_ session.ID, id task.UploadID) (bool, error) {
	p.removed = append(p.removed, id)
	return true, nil
}

func (p *parts) RemoveSession(s session.ID) (int, error) {
	p.sessions = append(p.sessions, s)
	return 2, nil
}

func TestWhatHadArrivedGoesWithItsUpload(t *testing.T) {
	t.Parallel()
	f, p := open(t, nil), &parts{}
	f.partials = p
	up := f.create(t, "12345")
	if n, err := f.Remove(t.Context(), f.id, up.ID); n != 1 || err != nil || len(p.removed) != 1 {
		t.Errorf("n = %d, err = %v, removed %v", n, err, p.removed)
	}
	if _, n, err := f.RemoveAll(t.Context(), f.id); n != 2 || err != nil || len(p.sessions) != 1 {
		t.Errorf("n = %d, err = %v, sessions %v", n, err, p.sessions)
	}
}
