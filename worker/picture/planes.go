package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// toPlanes gives img as YCbCr, on white where it is transparent. Pictures
// that already are YCbCr are returned as they are.
func toPlanes(img image.Image) *image.YCbCr {
	switch src := img.(type) {
	case *image.YCbCr:
		return src
	case *image.Gray:
		return grayPlanes(src)
	case *image.NYCbCrA:
		return flatten(src)
	case *image.CMYK:
		return cmykPlanes(src, color.CMYKToRGB)
	case profiledCMYK:
		return cmykPlanes(src.CMYK, src.profile.RGB)
	default:
		return rgbPlanes(img)
	}
}

func grayPlanes(src *image.Gray) *image.YCbCr {
	b := src.Bounds()
	out := image.NewYCbCr(image.Rect(0, 0, b.Dx(), b.Dy()), image.YCbCrSubsampleRatio420)
	for y := range b.Dy() {
		copy(out.Y[y*out.YStride:][:b.Dx()], src.Pix[y*src.Stride:])
	}
	for i := range out.Cb {
		out.Cb[i], out.Cr[i] = 128, 128
	}
	return out
}

// flatten puts src on white, in place. Blending is linear and so is the way
// from RGB to YCbCr: planes blend as pixels would.
func flatten(src *image.NYCbCrA) *image.YCbCr {
	luma, cb, cr := split(&src.YCbCr)
	alpha := plane{src.A[src.AOffset(src.Rect.Min.X, src.Rect.Min.Y):], src.AStride, luma.width, luma.height}
	luma.blend(alpha, 255)
	alpha = alpha.over(cb)
	cb.blend(alpha, 128)
	cr.blend(alpha, 128)
	return &src.YCbCr
}

// blend mixes in a flat background where alpha lets it through.
func (p plane) blend(alpha plane, background uint32) {
	for y := range p.height {
		row, a := p.pix[y*p.stride:][:p.width], alpha.pix[y*alpha.stride:][:p.width]
		for x, v := range row {
			row[x] = byte((uint32(v)*uint32(a[x]) + background*(255-uint32(a[x])) + 127) / 255)
		}
	}
}

// lighten adds what a background of that brightness shows through alpha.
func (p plane) lighten(alpha plane, background uint32) {
	for y := range p.height {
		row, a := p.pix[y*p.stride:][:p.width], alpha.pix[y*alpha.stride:][:p.width]
		for x, v := range row {
			row[x] = byte(min(255, uint32(v)+(background*(255-uint32(a[x]))+127)/255))
		}
	}
}

// over gives p in the size of another plane of its picture.
func (p plane) over(other plane) plane {
	if p.width == other.width && p.height == other.height {
		return p
	}
	return p.resize(other.width, other.height)
}

// onCanvas puts a part at an even place of a white canvas.
func onCanvas(part *image.YCbCr, canvas, at image.Point) *image.YCbCr {
	out := image.NewYCbCr(image.Rectangle{Max: canvas}, part.SubsampleRatio)
	for i := range out.Y {
		out.Y[i] = 255
	}
	for i := range out.Cb {
		out.Cb[i], out.Cr[i] = 128, 128
	}
	y, cb, cr := split(part)
	y.copyTo(out.Y[out.YOffset(at.X, at.Y):], out.YStride)
	cb.copyTo(out.Cb[out.COffset(at.X, at.Y):], out.CStride)
	cr.copyTo(out.Cr[out.COffset(at.X, at.Y):], out.CStride)
	return out
}

func (p plane) copyTo(dst []byte, stride int) {
	for y := range p.height {
		copy(dst[y*stride:], p.pix[y*p.stride:][:p.width])
	}
}

// rgbPlanes converts row by row, so that it never holds a second RGBA copy.
func rgbPlanes(img image.Image) *image.YCbCr {
	b := img.Bounds()
	out := image.NewYCbCr(image.Rect(0, 0, b.Dx(), b.Dy()), image.YCbCrSubsampleRatio444)
	row := onWhite(img, 1)
	for y := range b.Dy() {
		pix, at := row(b.Min.Y+y), y*out.YStride
		luma, cb, cr := out.Y[at:][:b.Dx()], out.Cb[at:][:b.Dx()], out.Cr[at:][:b.Dx()]
		for x := range luma {
			p := pix[x*4:][:4]
			luma[x], cb[x], cr[x] = color.RGBToYCbCr(p[0], p[1], p[2])
		}
	}
	return out
}

// onWhite gives the rows of img as RGBA: those of an opaque one as they are,
// others on white. As many as keep stay as they were given.
func onWhite(img image.Image, keep int) func(y int) []byte {
	b := img.Bounds()
	switch src := img.(type) {
	case *image.RGBA:
		if src.Opaque() {
			return func(y int) []byte { return src.Pix[src.PixOffset(b.Min.X, y):][:4*b.Dx()] }
		}
	case *image.NRGBA:
		if src.Opaque() {
			return func(y int) []byte { return src.Pix[src.PixOffset(b.Min.X, y):][:4*b.Dx()] }
		}
	}
	rows := image.NewRGBA(image.Rect(0, 0, b.Dx(), keep))
	held := make([]int, keep) // one more than the row of img, in each of rows
	return func(y int) []byte {
		at := (y - b.Min.Y) % keep
		row := image.Rect(0, at, b.Dx(), at+1)
		if held[at] != y-b.Min.Y+1 {
			draw.Draw(rows, row, image.White, image.Point{}, draw.Src)
			draw.Draw(rows, row, img, image.Pt(b.Min.X, y), draw.Over)
			held[at] = y - b.Min.Y + 1
		}
		return rows.Pix[at*rows.Stride:][:4*b.Dx()]
	}
}

// plane is one channel with its own size.
type plane struct {
	pix           []byte
	stride        int
	width, height int
}

func split(p *image.YCbCr) (luma, cb, cr plane) {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	cw, ch := chromaSize(p.SubsampleRatio, w, h)
	y0, c0 := p.YOffset(p.Rect.Min.X, p.Rect.Min.Y), p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	return plane{p.Y[y0:], p.YStride, w, h}, plane{p.Cb[c0:], p.CStride, cw, ch}, plane{p.Cr[c0:], p.CStride, cw, ch}
}

func chromaSize(r image.YCbCrSubsampleRatio, w, h int) (int, int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return (w + 1) / 2, h
	case image.YCbCrSubsampleRatio420:
		return (w + 1) / 2, (h + 1) / 2
	case image.YCbCrSubsampleRatio440:
		return w, (h + 1) / 2
	case image.YCbCrSubsampleRatio411:
		return (w + 3) / 4, h
	case image.YCbCrSubsampleRatio410:
		return (w + 3) / 4, (h + 1) / 2
	default:
		return w, h
	}
}

// join makes a 4:2:0 picture of width × height from planes of fitting size.
func join(luma, cb, cr plane) *image.YCbCr {
	return &image.YCbCr{
		Y: luma.pix, Cb: cb.pix, Cr: cr.pix, YStride: luma.stride, CStride: cb.stride,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, luma.width, luma.height),
	}
}

// Planes gives any decoded picture as YCbCr, on white where it is
// transparent.
func Planes(img image.Image) *image.YCbCr { return toPlanes(img) }
