package picture

import (
	"image"
	"math"
)

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
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if long := max(w, h); long > longSide {
		w = max(1, int(math.Round(float64(w)*float64(longSide)/float64(long))))
		h = max(1, int(math.Round(float64(h)*float64(longSide)/float64(long))))
	}
	return Resize(src, w, h)
}

// taps are the weights of one output sample, in 1/65536.
type taps struct {
	first  int
	weight []uint32
}

// filter computes the taps of every output sample of one axis.
func filter(from, to int) []taps {
	scale := float64(from) / float64(to)
	support := max(scale, 1)
	out := make([]taps, to)
	for i := range out {
		center := (float64(i)+0.5)*scale - 0.5
		lo, hi := max(0, int(math.Ceil(center-support))), min(from-1, int(math.Floor(center+support)))
		out[i] = normalised(lo, hi, center, support)
	}
	return out
}

func normalised(lo, hi int, center, support float64) taps {
	raw := make([]float64, hi-lo+1)
	var sum float64
	for k := range raw {
		raw[k] = max(0, 1-math.Abs(float64(lo+k)-center)/support)
		sum += raw[k]
	}
	t := taps{first: lo, weight: make([]uint32, len(raw))}
	left, best := uint32(1<<16), 0
	for k, v := range raw {
		t.weight[k] = uint32(v / sum * (1 << 16))
		left -= t.weight[k]
		if raw[k] > raw[best] {
			best = k
		}
	}
	t.weight[best] += left // so that flat areas stay exactly flat
	return t
}

func (p plane) resize(width, height int) plane {
	if width == p.width && height == p.height {
		return p.compact()
	}
	return p.horizontal(width).vertical(height)
}

// compact copies the plane so that the result shares nothing.
func (p plane) compact() plane {
	out := plane{make([]byte, p.width*p.height), p.width, p.width, p.height}
	for y := range p.height {
		copy(out.pix[y*out.stride:][:p.width], p.pix[y*p.stride:][:p.width])
	}
	return out
}

func (p plane) horizontal(width int) plane {
	if width == p.width {
		return p
	}
	out := plane{make([]byte, width*p.height), width, width, p.height}
	f := filter(p.width, width)
	for y := range p.height {
		src, dst := p.pix[y*p.stride:][:p.width], out.pix[y*width:][:width]
		for x, t := range f {
			var sum uint32 = 1 << 15
			for k, v := range src[t.first : t.first+len(t.weight)] {
				sum += uint32(v) * t.weight[k]
			}
			dst[x] = byte(sum >> 16)
		}
	}
	return out
}

func (p plane) vertical(height int) plane {
	out := plane{make([]byte, p.width*height), p.width, p.width, height}
	sums := make([]uint32, p.width)
	for y, t := range filter(p.height, height) {
		for i := range sums {
			sums[i] = 1 << 15
		}
		for k, w := range t.weight {
			row := p.pix[(t.first+k)*p.stride:][:p.width]
			for i, v := range row {
				sums[i] += uint32(v) * w
			}
		}
		dst := out.pix[y*p.width:][:p.width]
		for i, s := range sums {
			dst[i] = byte(s >> 16)
		}
	}
	return out
}
