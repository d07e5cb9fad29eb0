package picture

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"io"

	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// conversion is how colours reach sRGB, nil when they are there or nobody can
// tell. A damaged profile does not make a photo useless.
func (h header) conversion() *icc.Transform {
	p := h.named
	if len(h.icc) > 0 {
		var err error
		if p, err = icc.Parse(h.icc); err != nil {
			return nil
		}
	}
	if p == nil || h.cmyk || p.IsCMYK() || p.Gray() != h.gray {
		return nil
	}
	return p.SRGB()
}

// convert changes a 4:2:0 picture in place, a block of four pixels with one
// chroma at a time.
func convert(p *image.YCbCr, t *icc.Transform) {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	for y := 0; y < h; y += 2 {
		for x := 0; x < w; x += 2 {
			c := y/2*p.CStride + x/2
			cb, cr := p.Cb[c], p.Cr[c]
			var blue, red, n int
			for dy := range min(2, h-y) {
				for dx := range min(2, w-x) {
					at := &p.Y[(y+dy)*p.YStride+x+dx]
					luma, b, r := color.RGBToYCbCr(t.RGB(color.YCbCrToRGB(*at, cb, cr)))
					*at, blue, red, n = luma, blue+int(b), red+int(r), n+1
				}
			}
			p.Cb[c], p.Cr[c] = byte((blue+n/2)/n), byte((red+n/2)/n)
		}
	}
}

// pngProfile inflates a profile, as far as any profile goes.
func pngProfile(chunk []byte) []byte {
	name := bytes.IndexByte(chunk, 0)
	if name < 0 || len(chunk) < name+2 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(chunk[name+2:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, icc.MaxBytes))
	if err != nil {
		return nil
	}
	return profile
}

// codePoints names a profile by the numbers of ITU-T H.273 that PNG and HEIC
// use, nil when it is sRGB or has no name here.
func codePoints(primaries, transfer int) *icc.Profile {
	if (primaries == 11 || primaries == 12) && (transfer == 13 || transfer == 1 || transfer == 6) {
		return icc.DisplayP3()
	}
	return nil
}
