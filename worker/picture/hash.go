package picture

import (
	"fmt"
	"image"
)

// perceptual is a difference hash: 64 bits that say whether brightness rises
// from one cell to the next in a 9 × 8 reduction. Similar pictures differ in
// few bits; it is no identity.
func perceptual(p *image.YCbCr) string {
	luma, _, _ := split(p)
	small := luma.resize(9, 8)
	var bits uint64
	for y := range 8 {
		for x := range 8 {
			bits <<= 1
			if small.pix[y*9+x] < small.pix[y*9+x+1] {
				bits |= 1
			}
		}
	}
	return fmt.Sprintf("%016x", bits)
}
