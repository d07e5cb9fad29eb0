package picture

import (
	"image"
	"image/color"

	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// profiledCMYK is a CMYK picture and the conversion of its profile.
type profiledCMYK struct {
	*image.CMYK
	profile *icc.CMYK
}

// withCMYK makes the decoder add the conversion of a CMYK profile to its
// pictures, if the profile is one.
func (d decoder) withCMYK(profile []byte) decoder {
	return func(raw []byte) (image.Image, error) {
		img, err := d(raw)
		cmyk, four := img.(*image.CMYK)
		if err != nil || !four || len(profile) == 0 {
			return img, err
		}
		p, err := icc.Parse(profile)
		if err != nil || !p.IsCMYK() {
			return img, nil //nolint:nilerr // a damaged profile does not make a photo useless
		}
		return profiledCMYK{cmyk, p.CMYK()}, nil
	}
}

// cmykPlanes converts src colour by colour.
func cmykPlanes(src *image.CMYK, rgb func(c, m, y, k byte) (byte, byte, byte)) *image.YCbCr {
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
