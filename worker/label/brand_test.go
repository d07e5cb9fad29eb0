package label

import (
	"bytes"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const longest = "春夏秋冬春夏秋冬春夏秋冬春夏秋冬" // as many characters as a mark may have

// copied is a picture of its own.
func copied(p *image.YCbCr) *image.YCbCr {
	q := *p
	q.Y, q.Cb, q.Cr = slices.Clone(p.Y), slices.Clone(p.Cb), slices.Clone(p.Cr)
	return &q
}

// TestABrandNeverTouchesTheLabel compares the label's plate, pixel by pixel,
// with that of a picture without a brand.
func TestABrandNeverTouchesTheLabel(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	for name, fill := range backgrounds() {
		for _, size := range [][2]int{{64, 64}, {128, 64}, {64, 512}, {320, 240}, {1024, 576}, {341, 1024}, {1280, 64}} {
			with := canvas(size[0], size[1], fill)
			without := copied(with)
			if err := l.Brand(with, longest); err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(with.Y, without.Y) {
				t.Errorf("%s %v: nothing was drawn", name, size)
			}
			mark, err := layout(l.font, l.cfg.Text, bottomRight, size[0], size[1])
			if err != nil {
				t.Fatal(err)
			}
			for y := mark.plate.Min.Y; y < mark.plate.Max.Y; y++ {
				for x := mark.plate.Min.X; x < mark.plate.Max.X; x++ {
					if with.YCbCrAt(x, y) != without.YCbCrAt(x, y) {
						t.Fatalf("%s %v: the brand reaches %d,%d", name, size, x, y)
					}
				}
			}
			data, err := l.Label(with, "task-1", 90)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Check(data); err != nil {
				t.Errorf("%s %v: %v", name, size, err)
			}
		}
	}
}

func TestABrandIsReadable(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	for name, fill := range backgrounds() {
		p := canvas(1024, 768, fill)
		if err := l.Brand(p, "春茶节 2026"); err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if err := jpeg.Encode(&buf, p, &jpeg.Options{Quality: 82}); err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(&buf)
		if err != nil {
			t.Fatal(err)
		}
		m, err := layout(l.brand, "春茶节 2026", topLeft, 1024, 768)
		if err != nil {
			t.Fatal(err)
		}
		if !m.visible(img.(*image.YCbCr)) || m.plate.Min.X > 40 || m.plate.Min.Y > 40 {
			t.Errorf("%s: the brand cannot be read at %v", name, m.plate)
		}
	}
}

func TestTheFontHasEveryCharacterThatABrandMayHave(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	n := 0
	for r := rune(0x20); r < 0x10000; r++ {
		if !task.ValidBrandMark("a" + string(r) + "a") {
			continue
		}
		n++
		if i, err := l.brand.GlyphIndex(nil, r); err != nil || i == 0 {
			t.Errorf("the font has no %q", r)
		}
	}
	if n < 6763+94 {
		t.Errorf("only %d characters may be used", n)
	}
}

func TestABrandOfBytesFromOutsideIsBounded(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	for _, words := range []string{"", " ", "\xff\xfe", "🍵", strings.Repeat("春", 100_000), "\n\n"} {
		p := canvas(320, 240, func(int, int) byte { return 128 })
		if err := l.Brand(p, words); err != nil {
			t.Errorf("%.20q: %v", words, err)
		}
		if got := l.writable(words); len([]rune(got)) > task.MaxBrandMark {
			t.Errorf("%.20q: %d characters", words, len([]rune(got)))
		}
	}
}
