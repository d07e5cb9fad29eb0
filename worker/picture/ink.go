package picture

import (
	"image"
	"image/color"

	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// inked is a picture of four inks, and what its profile says of them.
type inked struct {
	*image.CMYK
	inks *icc.Inks
}

// inked has the decoder tell what a profile says of inks, if anything.
func (d decoder) inked(profile []byte) decoder {
	return func(raw []byte) (image.Image, error) {
		img, err := d(raw)
		cmyk, four := img.(*image.CMYK)
		if err != nil || !four || len(profile) == 0 {
			return img, err
		}
		p, err := icc.Parse(profile)
		if err != nil || !p.Inked() {
			return img, nil //nolint:nilerr // a damaged profile does not make a photo useless
		}
		return inked{cmyk, p.Inks()}, nil
	}
}

// inkPlanes prints src.
func inkPlanes(src *image.CMYK, rgb func(c, m, y, k byte) (byte, byte, byte)) *image.YCbCr {
	b := src.Rect
	out := image.NewYCbCr(image.Rect(0, 0, b.Dx(), b.Dy()), image.YCbCrSubsampleRatio444)
	for y := range b.Dy() {
		pix, at := src.Pix[y*src.Stride:][:4*b.Dx()], y*out.YStride
		luma, cb, cr := out.Y[at:][:b.Dx()], out.Cb[at:][:b.Dx()], out.Cr[at:][:b.Dx()]
		for x := range luma {
			p := pix[4*x:][:4]
			luma[x], cb[x], cr[x] = color.RGBToYCbCr(rgb(p[0], p[1], p[2], p[3]))
		}
	}
	return out
}
