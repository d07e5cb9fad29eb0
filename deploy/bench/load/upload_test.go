package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runUpload sends photos to a sink and returns what lies there afterwards.
func runUpload(t *testing.T, s Sink, edit func(*Upload)) (files []string, r Result, err error) {
	t.Helper()
	s.Dir = t.TempDir()
	server := &sink{job: s}
	if err := server.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer server.close()
	u := Upload{Addr: server.addr(), Conns: 2, Bytes: 300_000}
	edit(&u)
	w := &uploader{job: u}
	if err := w.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer w.close()
	r, err = w.run(t.Context())
	files, globbed := filepath.Glob(filepath.Join(s.Dir, "*"))
	if globbed != nil {
		t.Fatal(globbed)
	}
	return files, r, err
}

func TestPhotosArriveWholeEitherWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sink Sink
		edit func(*Upload)
	}{
		"PUT":           {Sink{}, func(u *Upload) { u.Paths = []string{"/a", "/b", "/c"} }},
		"PUTWithFsync":  {Sink{Sync: true}, func(u *Upload) { u.Paths = []string{"/a", "/b", "/c"} }},
		"TusAgainstTus": {Sink{Tusd: true}, func(u *Upload) { u.Tus, u.Count = "/files/", 3 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, r, err := runUpload(t, c.sink, c.edit)
			if err != nil || r.Done != 3 || r.Times.N != 3 {
				t.Fatalf("done = %d, err = %v", r.Done, err)
			}
			whole := 0
			for _, f := range files {
				if info, err := os.Stat(f); err == nil && info.Size() == 300_000 {
					whole++
				}
			}
			if whole != 3 {
				t.Errorf("%d photos are there: %q", whole, files)
			}
		})
	}
}

func TestARefusedPhotoEndsTheRun(t *testing.T) {
	t.Parallel()
	_, _, err := runUpload(t, Sink{Tusd: true}, func(u *Upload) { u.Paths = []string{"/files/nothing"} })
	if err == nil || !strings.Contains(err.Error(), "412") {
		t.Errorf("err = %v", err)
	}
}
