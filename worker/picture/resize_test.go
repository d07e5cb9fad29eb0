package picture

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

func TestResizingKeepsFlatAreasFlat(t *testing.T) {
	t.Parallel()
	src := image.NewYCbCr(image.Rect(0, 0, 777, 555), image.YCbCrSubsampleRatio422)
	for i := range src.Y {
		src.Y[i] = 201
	}
	for i := range src.Cb {
		src.Cb[i], src.Cr[i] = 90, 160
	}
	for _, size := range [][2]int{{100, 80}, {777, 80}, {1500, 1111}, {1, 1}} {
		out := Resize(src, size[0], size[1])
		for _, v := range out.Y {
			if v != 201 {
				t.Fatalf("%v: luma %d", size, v)
			}
		}
		if out.Cb[0] != 90 || out.Cr[len(out.Cr)-1] != 160 {
			t.Errorf("%v: chroma %d %d", size, out.Cb[0], out.Cr[len(out.Cr)-1])
		}
	}
}

// triangle is one output sample as the filter is defined, along one axis.
func triangle(at func(int) float64, from, to, i int) float64 {
	scale := float64(from) / float64(to)
	support := max(narrow*scale, 1)
	center := (float64(i)+0.5)*scale - 0.5
	var sum, total float64
	for k := range from {
		if w := 1 - math.Abs(float64(k)-center)/support; w > 0 {
			sum, total = sum+w*at(k), total+w
		}
	}
	return sum / total
}

// Noise shows every weight that is wrong, at every edge and in every way of
// computing: few rows and many, narrow pictures, and enlarging.
func TestResizingIsWithinTwoLevelsOfItsFilter(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	for _, c := range [][4]int{
		{97, 61, 50, 31}, {97, 61, 33, 20}, {97, 61, 9, 8}, {97, 400, 50, 7}, {61, 97, 90, 140}, {5, 7, 3, 2}, {3, 9, 2, 4}, {64, 64, 64, 30}, {64, 64, 30, 64},
	} {
		p := plane{make([]byte, c[0]*c[1]), c[0], c[0], c[1]}
		for i := range p.pix {
			p.pix[i] = byte(dice.UintN(256))
		}
		out := p.resize(c[2], c[3])
		for y := range c[3] {
			for x := range c[2] {
				want := triangle(func(row int) float64 {
					return triangle(func(col int) float64 { return float64(p.pix[row*p.stride+col]) }, c[0], c[2], x)
				}, c[1], c[3], y)
				if got := float64(out.pix[y*out.stride+x]); math.Abs(got-want) > 2 {
					t.Fatalf("%v: sample %d,%d is %v, want %.2f", c, x, y, got, want)
				}
			}
		}
	}
}

// Pixels are shrunken as planes are, by weights of a byte and by finer ones,
// from every kind of row.
func TestShrinkingPixelsIsWithinTwoLevelsOfItsFilter(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(3, 4))
	for _, c := range [][4]int{{97, 61, 50, 31}, {97, 61, 33, 20}, {97, 61, 9, 8}, {97, 400, 50, 7}, {400, 97, 7, 50}} {
		src := image.NewNRGBA(image.Rect(3, 5, 3+c[0], 5+c[1]))
		for i := range src.Pix {
			src.Pix[i] = byte(dice.UintN(256))
		}
		for i := 3; i < len(src.Pix); i += 4 {
			src.Pix[i] = 255
		}
		opaque := shrinkRGB(src, c[2], c[3])
		shown := shrinkRGB(as(image.NewNRGBA64(src.Rect), src), c[2], c[3])
		for ch := range 3 {
			for y := range c[3] {
				for x := range c[2] {
					want := triangle(func(row int) float64 {
						return triangle(func(col int) float64 { return float64(src.Pix[row*src.Stride+4*col+ch]) }, c[0], c[2], x)
					}, c[1], c[3], y)
					at := y*opaque.Stride + 4*x + ch
					if got := float64(opaque.Pix[at]); math.Abs(got-want) > 2 || opaque.Pix[at] != shown.Pix[at] {
						t.Fatalf("%v: channel %d of %d,%d is %v and %v, want %.2f", c, ch, x, y, got, shown.Pix[at], want)
					}
				}
			}
		}
	}
}

func TestShrinkingKeepsFlatAreasFlat(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{2100, 300}, {300, 2100}, {9000, 200}} {
		img := image.NewNRGBA(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = 128 // a gray half seen through
		}
		out := Shrink(img, 1000)
		for i, v := range out.Y {
			if v != 191 {
				t.Fatalf("%v: luma %d at %d, want 191", size, v, i)
			}
		}
		if max(out.Rect.Dx(), out.Rect.Dy()) != 1000 {
			t.Errorf("%v became %v", size, out.Rect)
		}
	}
}
