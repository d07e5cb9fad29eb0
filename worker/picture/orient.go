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

// orient maps each output sample to where it was stored.
func (p plane) orient(o int) plane {
	w, h := p.width, p.height
	if o >= 5 {
		w, h = h, w
	}
	out := plane{make([]byte, w*h), w, w, h}
	for y := range h {
		row := out.pix[y*w:][:w]
		for x := range row {
			sx, sy := p.stored(o, x, y)
			row[x] = p.pix[sy*p.stride+sx]
		}
	}
	return out
}

func (p plane) stored(o, x, y int) (int, int) {
	right, bottom := p.width-1, p.height-1
	switch o {
	case 2:
		return right - x, y
	case 3:
		return right - x, bottom - y
	case 4:
		return x, bottom - y
	case 5:
		return y, x
	case 6:
		return y, bottom - x
	case 7:
		return right - y, bottom - x
	case 8:
		return right - y, x
	default:
		return x, y
	}
}
