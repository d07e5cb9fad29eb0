package picture

import (
	"image"
	"math"
)

// narrow makes the triangle less wide than all that an output sample covers:
// a little sharper, measured against Lanczos filters.
const narrow = 0.85

// Resize gives src at exactly width × height, 4:2:0, with a triangle filter
// that widens as it shrinks, so that nothing aliases. Working on planes costs
// a sixth of a general RGBA resampler.
func Resize(src *image.YCbCr, width, height int) *image.YCbCr {
	luma, cb, cr := split(src)
	cw, ch := (width+1)/2, (height+1)/2
	return join(luma.resize(width, height), cb.resize(cw, ch), cr.resize(cw, ch))
}

// Fit shrinks src so that its long side is at most longSide. It never
// enlarges, and always gives 4:2:0.
func Fit(src *image.YCbCr, longSide int) *image.YCbCr {
	w, h := fitting(src.Rect.Dx(), src.Rect.Dy(), longSide)
	return Resize(src, w, h)
}

// fitting is the size of a picture whose long side is at most longSide.
func fitting(w, h, longSide int) (width, height int) {
	long := max(w, h)
	if long <= longSide {
		return w, h
	}
	shrunken := func(side int) int { return max(1, int(math.Round(float64(side)*float64(longSide)/float64(long)))) }
	return shrunken(w), shrunken(h)
}

// taps are the weights of one output sample; all together are one.
type taps struct {
	first  int
	weight []uint32
}

// filter computes the taps of every output sample of one axis, in units of
// 1/one.
func filter(from, to int, one uint32) []taps {
	scale := float64(from) / float64(to)
	support := max(narrow*scale, 1)
	out := make([]taps, to)
	for i := range out {
		center := (float64(i)+0.5)*scale - 0.5
		lo, hi := max(0, int(math.Ceil(center-support))), min(from-1, int(math.Floor(center+support)))
		out[i] = normalised(lo, hi, center, support, one)
	}
	return out
}

func normalised(lo, hi int, center, support float64, one uint32) taps {
	raw := make([]float64, hi-lo+1)
	var sum float64
	for k := range raw {
		raw[k] = max(0, 1-math.Abs(float64(lo+k)-center)/support)
		sum += raw[k]
	}
	t := taps{first: lo, weight: make([]uint32, len(raw))}
	var upTo float64
	var given uint32
	for k, v := range raw {
		upTo += v / sum * float64(one)
		t.weight[k] = uint32(math.Round(upTo)) - given // so that the sum is exact, and flat areas stay flat
		given += t.weight[k]
	}
	return t
}

// resize makes one output row after the other: first the rows that it covers
// are blended into one, then that is shrunken.
func (p plane) resize(width, height int) plane {
	out := plane{make([]byte, width*height), width, width, height}
	shrink, blend := p.rows(width), p.columns(height)
	row := make([]byte, p.width)
	for y := range height {
		if width == p.width {
			row = out.pix[y*width:][:width]
		}
		blend(row, y)
		if width != p.width {
			shrink(out.pix[y*width:][:width], row)
		}
	}
	return out
}
