package painter

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestCanvasesKeepTheRatio(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h               int
		aspect, resolution string
		wantW, wantH       int
	}{
		{1536, 2048, "", "", 960, 1280}, {1536, 2048, "original", "2k", 1536, 2048}, {2048, 1536, "1:1", "1K", 1024, 1024},
		{100, 2000, "", "1k", 344, 1024}, {2000, 100, "", "1k", 1024, 344}, {10, 10, "nonsense", "nonsense", 1280, 1280},
		{0, 0, "0:0", "", 1280, 1280}, {100, 100, "16:9", "2k", 2048, 1152}, {100, 100, "1:1", "9999999", 1280, 1280},
	} {
		w, h := canvas(c.w, c.h, task.Options{Aspect: c.aspect, Resolution: c.resolution})
		if w != c.wantW || h != c.wantH {
			t.Errorf("%+v: got %d × %d", c, w, h)
		}
	}
}

func FuzzCanvas(f *testing.F) {
	f.Add(100, 200, "3:4", "1k")
	f.Fuzz(func(t *testing.T, w, h int, aspect, resolution string) {
		gotW, gotH := canvas(w, h, task.Options{Aspect: aspect, Resolution: resolution})
		if gotW < 8 || gotH < 8 || gotW > 2048 || gotH > 2048 {
			t.Errorf("%d × %d", gotW, gotH)
		}
	})
}
