package picture

import (
	"image"
	"testing"

	"github.com/imgfleet/imgfleet/worker/picture/heif"
)

// The mask is smaller than the photo, and lets nothing of its left half
// through.
func TestTransparentHEICEndsOnTheWhiteOfItsLevels(t *testing.T) {
	t.Parallel()
	for name, info := range map[string]heif.Info{
		"full":          {},
		"video":         {Coded: heif.Coded{Primaries: 1, Transfer: 13, Matrix: 6, VideoRange: true}},
		"premultiplied": {Mask: heif.Mask{Premultiplied: true}},
		"both":          {Mask: heif.Mask{Premultiplied: true}, Coded: heif.Coded{Primaries: 1, Transfer: 13, Matrix: 1, VideoRange: true}},
	} {
		p := image.NewYCbCr(image.Rect(0, 0, 100, 60), image.YCbCrSubsampleRatio420)
		for i := range p.Y {
			if info.Coded.Video() {
				p.Y[i] = 16
			}
		}
		for i := range p.Cb {
			p.Cb[i], p.Cr[i] = 128, 128
		}
		mask := image.NewGray(image.Rect(0, 0, 50, 30))
		for i := range mask.Pix {
			if i%50 >= 25 {
				mask.Pix[i] = 255
			}
		}
		Flatten(p, mask, info)
		canonical(p, info.Coded)
		if l, r := p.YCbCrAt(20, 30), p.YCbCrAt(80, 30); l.Y < 254 || r.Y > 1 || l.Cb != 128 || r.Cr != 128 {
			t.Errorf("%s: %v and %v, want white and black", name, l, r)
		}
	}
}
