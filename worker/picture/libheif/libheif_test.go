package libheif

import (
	"image"
	"os"
	"testing"
)

func TestAPhotoIsDecodedByTheSystem(t *testing.T) {
	t.Parallel()
	l, err := Open()
	if err != nil {
		t.Skipf("install libheif1 to test the native decoder: %v", err)
	}
	for _, name := range []string{"quadrants.heic", "quadrants-10bit.heic"} {
		raw, err := os.ReadFile("../testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var size image.Point
		if err := l.Decode(raw, func(p *image.YCbCr) { size = p.Rect.Size() }); err != nil || size != image.Pt(160, 100) {
			t.Errorf("%s: %v, %v", name, size, err)
		}
		for _, cut := range []int{0, 1, 40, len(raw) / 2, len(raw) - 1} {
			if err := l.Decode(raw[:cut], func(*image.YCbCr) { t.Errorf("%s cut at %d gave a picture", name, cut) }); err == nil {
				t.Errorf("%s cut at %d: no error", name, cut)
			}
		}
	}
}
