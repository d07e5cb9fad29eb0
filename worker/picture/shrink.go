package picture

import (
	"encoding/binary"
	"image"
)

// Shrink gives any decoded picture as 4:2:0, on white where it is
// transparent, its long side at most longSide. Only those that are no YCbCr
// and small enough are ever held in full a second time.
func Shrink(img image.Image, longSide int) *image.YCbCr {
	size := img.Bounds().Size()
	w, h := fitting(size.X, size.Y, longSide)
	switch img.(type) {
	case *image.YCbCr, *image.Gray, *image.NYCbCrA, *image.CMYK, profiledCMYK:
	default:
		if w < size.X {
			img = shrinkRGB(img, w, h)
		}
	}
	return Resize(toPlanes(img), w, h)
}

// pixelLen is a pixel of RGBA in bytes.
const pixelLen = 4

// shrinkRGB shrinks row after row: turning what was shrunken to YCbCr, rather
// than the other way round, is less to turn and to hold.
func shrinkRGB(img image.Image, width, height int) *image.RGBA {
	size := img.Bounds().Size()
	row := onWhite(img, 2*(size.Y/height+2))
	top := img.Bounds().Min.Y
	blend := columns(func(y int) []byte { return row(top + y) }, size.X*pixelLen, size.Y, height)
	out, one := image.NewRGBA(image.Rect(0, 0, width, height)), make([]byte, size.X*pixelLen)
	shrink := pixels(size.X, width)
	for y := range height {
		blend(one, y)
		shrink(out.Pix[y*out.Stride:], one)
	}
	return out
}

// pixels gives the function that shrinks a row of RGBA to so many pixels.
func pixels(from, to int) func(dst, src []byte) {
	if float64(from)/float64(to) > (maxByteTaps-1)/2 {
		return manyPixels(filter(from, to, 1<<16))
	}
	f := filter(from, to, 1<<8)
	return func(dst, src []byte) {
		for x, t := range f {
			sum, rest := uint64(halves), src[t.first*pixelLen:]
			for _, w := range t.weight { // its four samples in the lanes of a word
				v := uint64(binary.LittleEndian.Uint32(rest))
				v = (v | v<<16) & 0x0000ffff0000ffff
				v = (v | v<<8) & lanes
				sum, rest = sum+v*uint64(w), rest[pixelLen:]
			}
			sum = sum >> 8 & lanes
			sum = (sum | sum>>8) & 0x0000ffff0000ffff
			binary.LittleEndian.PutUint32(dst[x*pixelLen:], uint32(sum|sum>>16))
		}
	}
}

// manyPixels is pixels for filters that are too wide for weights of a byte.
func manyPixels(f []taps) func(dst, src []byte) {
	return func(dst, src []byte) {
		for x, t := range f {
			sum := [pixelLen]uint32{1 << 15, 1 << 15, 1 << 15, 1 << 15}
			rest := src[t.first*pixelLen:]
			for _, w := range t.weight {
				for ch := range sum {
					sum[ch] += uint32(rest[ch]) * w
				}
				rest = rest[pixelLen:]
			}
			for ch, v := range sum {
				dst[x*pixelLen+ch] = byte(v >> 16)
			}
		}
	}
}
