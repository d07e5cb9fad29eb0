package picture

import (
	"errors"
	"image"

	"github.com/imgfleet/imgfleet/worker/picture/heif"
)

// heicHeader tells a picture that is upright: its decoder turns it.
func heicHeader(b []byte) (header, bool) {
	info, err := heif.Read(b)
	h := header{width: info.Width, height: info.Height, orientation: 1, bytesPerPixel: 1, heavy: true}
	h.icc, h.coded = info.Profile, info.Coded
	h.named = codePoints(info.Coded.Primaries, info.Coded.Transfer)
	h.decode = func([]byte) (image.Image, error) { return nil, errors.New("no decoder in this process") }
	return h, err == nil
}

// canonical brings the planes of an HEIC photo to what JPEG means by them:
// levels from 0 to 255 and the weights of BT.601.
func canonical(p *image.YCbCr, c heif.Coded) {
	if c.Video() {
		fullRange(p)
	}
	if c.Matrix == 1 {
		from709(p)
	}
}

// from709 changes weights, in 1/65536: luma takes a little of its block's
// chroma.
func from709(p *image.YCbCr) {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	for y := range h {
		for x := range w {
			c := y/2*p.CStride + x/2
			at := &p.Y[y*p.YStride+x]
			*at = level(int(*at)<<16 + 6656*(int(p.Cb[c])-128) + 12558*(int(p.Cr[c])-128))
		}
	}
	for i := range p.Cb {
		cb, cr := int(p.Cb[i])-128, int(p.Cr[i])-128
		p.Cb[i], p.Cr[i] = level(128<<16+64866*cb-7252*cr), level(128<<16-4746*cb+64421*cr)
	}
}

func level(v int) byte { return byte(min(255, max(0, (v+1<<15)>>16))) }

// Flatten puts the planes of an HEIC photo on white, in place, where mask
// lets it through. Their levels are still those of the file.
func Flatten(p *image.YCbCr, mask *image.Gray, info heif.Info) {
	black, white := uint32(0), uint32(255)
	if info.Coded.Video() {
		black, white = 16, 235
	}
	luma, cb, cr := split(p)
	alpha := plane{mask.Pix, mask.Stride, mask.Rect.Dx(), mask.Rect.Dy()}.over(luma)
	if info.Mask.Premultiplied {
		luma.lighten(alpha, white-black) // chroma has faded to none already
		return
	}
	luma.blend(alpha, white)
	alpha = alpha.over(cb)
	cb.blend(alpha, 128)
	cr.blend(alpha, 128)
}
