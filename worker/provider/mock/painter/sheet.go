package painter

import (
	"image"
	"image/color"
	"runtime"
	"sync"
)

// sheet is what is painted on: three bytes a pixel.
type sheet struct {
	w, h int
	p    []uint8
}

func newSheet(w, h int) *sheet { return &sheet{w, h, make([]uint8, w*h*3)} }

// grid calls do for every pixel, with the rows split over the processors.
func grid(w, h int, do func(x, y int)) {
	rows(h, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			for x := range w {
				do(x, y)
			}
		}
	})
}

// rows splits h rows over the processors. Each row is computed on its own,
// so the result does not depend on the split.
func rows(h int, do func(y0, y1 int)) {
	n := min(runtime.GOMAXPROCS(0), max(1, h/16))
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(h*i/n, h*(i+1)/n) })
	}
	wg.Wait()
}

func (s *sheet) at(x, y int) rgb {
	i := (y*s.w + x) * 3
	return rgb{float32(s.p[i]), float32(s.p[i+1]), float32(s.p[i+2])}
}

func (s *sheet) set(x, y int, c rgb) {
	i := (y*s.w + x) * 3
	s.p[i], s.p[i+1], s.p[i+2] = clip(c.r), clip(c.g), clip(c.b)
}

func clip(v float32) uint8 {
	if v <= 0 {
		return 0
	}
	if v >= 255 {
		return 255
	}
	return uint8(v + 0.5)
}

// each replaces every pixel by what f makes of it.
func (s *sheet) each(f func(x, y int, c rgb) rgb) {
	grid(s.w, s.h, func(x, y int) { s.set(x, y, f(x, y, s.at(x, y))) })
}

func fromYCbCr(src *image.YCbCr) *sheet {
	s := newSheet(src.Rect.Dx(), src.Rect.Dy())
	grid(s.w, s.h, func(x, y int) {
		i, c := (y*s.w+x)*3, src.YCbCrAt(src.Rect.Min.X+x, src.Rect.Min.Y+y)
		s.p[i], s.p[i+1], s.p[i+2] = color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
	})
	return s
}

// toYCbCr averages the chroma of each two by two pixels.
func (s *sheet) toYCbCr() *image.YCbCr {
	out := image.NewYCbCr(image.Rect(0, 0, s.w, s.h), image.YCbCrSubsampleRatio420)
	grid((s.w+1)/2, (s.h+1)/2, func(cx, cy int) { s.block(out, cx, cy) })
	return out
}

func (s *sheet) block(out *image.YCbCr, cx, cy int) {
	var cb, cr, n int
	for y := cy * 2; y < min(cy*2+2, s.h); y++ {
		for x := cx * 2; x < min(cx*2+2, s.w); x++ {
			i := (y*s.w + x) * 3
			yy, b, r := color.RGBToYCbCr(s.p[i], s.p[i+1], s.p[i+2])
			out.Y[y*out.YStride+x] = yy
			cb, cr, n = cb+int(b), cr+int(r), n+1
		}
	}
	o := cy*out.CStride + cx
	out.Cb[o], out.Cr[o] = uint8(cb/n), uint8(cr/n)
}

// field is one number a pixel.
type field struct {
	w, h int
	v    []float32
}

func newField(w, h int) *field { return &field{w, h, make([]float32, w*h)} }

// each computes every number.
func (f *field) each(v func(x, y int) float32) *field {
	grid(f.w, f.h, func(x, y int) { f.v[y*f.w+x] = v(x, y) })
	return f
}

func (f *field) at(x, y int) float32 { return f.v[y*f.w+x] }

// near reads with the edges repeated outside.
func (f *field) near(x, y int) float32 {
	return f.v[max(0, min(y, f.h-1))*f.w+max(0, min(x, f.w-1))]
}

// slope is how the values change around a pixel, over distance d to each side.
func (f *field) slope(x, y, d int) (gx, gy float32) {
	return f.near(x+d, y) - f.near(x-d, y), f.near(x, y+d) - f.near(x, y-d)
}

// luma is the brightness of s, 0…255.
func (s *sheet) luma() *field {
	return newField(s.w, s.h).each(func(x, y int) float32 { return s.at(x, y).luma() })
}

// blur averages over a square of side 2r+1, twice, which is close to a bell.
func (f *field) blur(r int) *field {
	if r < 1 {
		return f
	}
	out, tmp := newField(f.w, f.h), newField(f.w, f.h)
	src := f
	for range 2 {
		src.across(tmp, r)
		tmp.down(out, r)
		src = out
	}
	return out
}

func (f *field) across(out *field, r int) {
	rows(f.h, func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			row, dst := f.v[y*f.w:][:f.w], out.v[y*f.w:][:f.w]
			var sum float32
			for x := -r; x <= r; x++ {
				sum += row[max(0, min(x, f.w-1))]
			}
			k := 1 / float32(2*r+1)
			for x := range dst {
				dst[x] = sum * k
				sum += row[min(x+r+1, f.w-1)] - row[max(x-r, 0)]
			}
		}
	})
}

func (f *field) down(out *field, r int) {
	k := 1 / float32(2*r+1)
	n := runtime.GOMAXPROCS(0)
	rows(n*16, func(p0, p1 int) { // columns, in as many parts as processors
		x0, x1 := f.w*p0/(n*16), f.w*p1/(n*16)
		sums := make([]float32, x1-x0)
		for y := -r; y <= r; y++ {
			for i, v := range f.v[max(0, min(y, f.h-1))*f.w+x0:][:len(sums)] {
				sums[i] += v
			}
		}
		for y := range f.h {
			in, old := f.v[min(y+r+1, f.h-1)*f.w+x0:][:len(sums)], f.v[max(y-r, 0)*f.w+x0:][:len(sums)]
			dst := out.v[y*f.w+x0:][:len(sums)]
			for i := range sums {
				dst[i] = sums[i] * k
				sums[i] += in[i] - old[i]
			}
		}
	})
}
