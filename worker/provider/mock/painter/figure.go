package painter

// figure guesses where the person is: near the middle, reaching down, and
// unlike the border of the photo. 0 is background, 1 is person. It works on a
// small copy; the guess is soft, so that a wrong one still looks meant.
func figure(photo *sheet) *field {
	const side = 128
	w, h := side, max(16, side*photo.h/photo.w)
	if photo.h > photo.w {
		w, h = max(16, side*photo.w/photo.h), side
	}
	small := photo.shrink(w, h)
	border := small.borderColours()
	soft := newField(w, h).each(func(x, y int) float32 {
		c := small.at(x, y)
		unlike := smooth(900, 9000, c.distance(nearest(border, c)))
		inner, outer := prior((float32(x)+0.5)/float32(w), (float32(y)+0.5)/float32(h))
		return outer * (inner + (1-inner)*unlike)
	}).blur(2)
	// Sharpen the soft values a little around one half.
	return soft.each(func(x, y int) float32 { return smooth(0.12, 0.82, soft.at(x, y)) })
}

// prior is what is known without looking: inner is surely the person, outside
// of outer nobody is.
func prior(x, y float32) (inner, outer float32) {
	d := superellipse(x, y, 0.48, 0.15, 0.24)
	shoulders := superellipse(x, y, 1.04, 0.26, 0.34)
	inner = max(1-smooth(0.7, 1.25, d), 1-smooth(0.75, 1.2, shoulders))
	d = superellipse(x, y, 0.54, 0.35, 0.46)
	shoulders = superellipse(x, y, 1.04, 0.46, 0.46)
	outer = max(1-smooth(0.72, 1.06, d), 1-smooth(0.78, 1.06, shoulders))
	return inner, outer
}

// superellipse is below one inside an ellipse in the middle of the width.
func superellipse(x, y, cy, rx, ry float32) float32 {
	dx, dy := (x-0.5)/rx, (y-cy)/ry
	return dx*dx + dy*dy
}

// sample reads between the values, u and v 0…1 over the field.
func (f *field) sample(u, v float32) float32 {
	x, y := u*float32(f.w)-0.5, v*float32(f.h)-0.5
	xi, yi := int(floor(x)), int(floor(y))
	fx, fy := x-float32(xi), y-float32(yi)
	top := f.near(xi, yi)*(1-fx) + f.near(xi+1, yi)*fx
	bottom := f.near(xi, yi+1)*(1-fx) + f.near(xi+1, yi+1)*fx
	return top*(1-fy) + bottom*fy
}

// shrink averages over cells.
func (s *sheet) shrink(w, h int) *sheet {
	out := newSheet(w, h)
	out.each(func(x, y int, _ rgb) rgb {
		return s.mean(s.w*x/w, s.h*y/h, max(s.w*(x+1)/w, s.w*x/w+1), max(s.h*(y+1)/h, s.h*y/h+1))
	})
	return out
}

// mean averages a cell; large ones are sampled.
func (s *sheet) mean(x0, y0, x1, y1 int) rgb {
	stepX, stepY := max(1, (x1-x0)/6), max(1, (y1-y0)/6)
	var sum rgb
	var n float32
	for y := y0; y < min(y1, s.h); y += stepY {
		for x := x0; x < min(x1, s.w); x += stepX {
			sum = sum.add(s.at(x, y), 1)
			n++
		}
	}
	if n == 0 {
		return s.at(min(x0, s.w-1), min(y0, s.h-1))
	}
	return sum.scale(1 / n)
}

// borderColours are the means of patches along the left, top and right edge.
func (s *sheet) borderColours() []rgb {
	var out []rgb
	const parts = 8
	d := max(2, s.w/16)
	for i := range parts {
		x0, x1 := s.w*i/parts, s.w*(i+1)/parts
		out = append(out, s.mean(x0, 0, x1, d))
		y0, y1 := s.h*i*3/4/parts, s.h*(i+1)*3/4/parts
		for inset := 0; inset < 4*d; inset += d + d/2 {
			out = append(out, s.mean(inset, y0, inset+d, y1), s.mean(s.w-inset-d, y0, s.w-inset, y1))
		}
	}
	return out
}
