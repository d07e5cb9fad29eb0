package picture

import "image"

// orient turns a stored 4:2:0 picture upright, by its EXIF orientation.
// Sides must be planes that share the rotation, which 4:2:0 does: both axes
// are halved.
func orient(p *image.YCbCr, orientation int) *image.YCbCr {
	if orientation <= 1 {
		return p
	}
	luma, cb, cr := split(p)
	return join(luma.orient(orientation), cb.orient(orientation), cr.orient(orientation))
}

// tile is the side of the squares in which planes are turned: columns of
// whole planes would not fit a cache.
const tile = 64

// orient maps each output sample to where it was stored.
func (p plane) orient(o int) plane {
	w, h := p.width, p.height
	if o >= 5 {
		w, h = h, w
	}
	out := plane{make([]byte, w*h), w, w, h}
	first, right, down := p.walk(o)
	for top := 0; top < h; top += tile {
		for left := 0; left < w; left += tile {
			for y := top; y < min(h, top+tile); y++ {
				at := first + y*down + left*right
				row := out.pix[y*w:][left:min(w, left+tile)]
				for x := range row {
					row[x] = p.pix[at]
					at += right
				}
			}
		}
	}
	return out
}

// walk tells where the upper left sample is stored, and how far from each
// other are those that shall be neighbours.
func (p plane) walk(o int) (first, right, down int) {
	ends, bottom := p.width-1, (p.height-1)*p.stride
	switch o {
	case 2:
		return ends, -1, p.stride
	case 3:
		return bottom + ends, -1, -p.stride
	case 4:
		return bottom, 1, -p.stride
	case 5:
		return 0, p.stride, 1
	case 6:
		return bottom, -p.stride, 1
	case 7:
		return bottom + ends, -p.stride, -1
	case 8:
		return ends, p.stride, -1
	default:
		return 0, 1, p.stride
	}
}
