package painter

// frame finishes the picture's edge the way the style would be shown.
func (p *painter) frame() {
	switch p.scene.Style.Texture {
	case "ink":
		p.deckle(p.style.light(), 0.035, 0.03)
		p.seal()
	case "wash":
		p.deckle(p.style.light().mix(rgb{255, 255, 255}, 0.5), 0.03, 0.045)
	case "paper":
		p.border(p.style.light(), 0.032, 0.006, p.style.deep())
	case "halftone":
		p.border(p.style.deep(), 0.022, 0.005, p.style.warm())
	case "grain":
		p.border(rgb{250, 247, 240}, 0.03, 0, rgb{})
	case "facet":
		p.border(rgb{255, 255, 255}, 0.016, 0, rgb{})
	case "clay":
		p.border(p.style.light(), 0.026, 0.004, p.style.warm())
	case "brush":
		p.border(p.style.dark().mix(p.style.deep(), 0.45), 0.03, 0.006, p.style.warm())
	default:
		p.vignette()
	}
}

// edge is the distance of a pixel to the picture's border, in shares of the
// shorter side.
func (p *painter) edge(x, y int) float32 {
	s := p.sheet
	return float32(min(x, y, s.w-1-x, s.h-1-y)) / float32(min(s.w, s.h))
}

// border is a plain frame with an inner line.
func (p *painter) border(c rgb, width, line float32, inner rgb) {
	p.sheet.each(func(x, y int, old rgb) rgb {
		switch e := p.edge(x, y); {
		case e < width:
			return c.scale(0.97 + 0.03*e/width)
		case e < width+line:
			return inner
		case e < width+line+0.012:
			return old.scale(0.82 + 15*(e-width-line)) // the frame's shadow
		default:
			return old
		}
	})
}

// deckle lets the picture fade into bare paper along a torn edge.
func (p *painter) deckle(paper rgb, width, ragged float32) {
	t, fine := newTile(p.n.with(81), 6), newTile(p.n.with(82), 40)
	p.sheet.each(func(x, y int, old rgb) rgb {
		e := p.edge(x, y)
		if e > width+ragged*2 {
			return old
		}
		e += t.at(x/2, y/2)*ragged*1.6 + fine.at(x, y)*ragged*0.35
		return paper.mix(old, smooth(width*0.7, width*1.25, e))
	})
}

func (p *painter) vignette() {
	s := p.sheet
	s.each(func(x, y int, c rgb) rgb {
		u, v := float32(x)/float32(s.w)-0.5, float32(y)/float32(s.h)-0.5
		return c.scale(1 - 0.4*smooth(0.2, 0.62, u*u+v*v))
	})
}

// seal stamps the painter's square, red on paper, lower left.
func (p *painter) seal() {
	s := p.sheet
	side := float32(min(s.w, s.h))
	size := int(side * 0.062)
	x0, y0 := int(side*0.055), s.h-int(side*0.055)-size
	red := rgb{178, 34, 30}
	wear := newTile(p.n.with(83), 60)
	cell := max(1, size/9)
	bits := p.n.with(84)
	for y := range size {
		for x := range size {
			cx, cy := x/cell, y/cell
			if cx > 8 || cy > 8 {
				continue
			}
			rim := cx == 0 || cy == 0 || cx == 8 || cy == 8
			carved := !rim && (cx == 1 || cy == 1 || cx == 7 || cy == 7 || cx == 4 || bits.hash(int32(cx), int32(cy)) < 0.36)
			if carved || x0+x >= s.w || y0+y < 0 {
				continue
			}
			a := 0.92 - 0.7*max(0, wear.at(x*2, y*2))
			s.set(x0+x, y0+y, s.at(x0+x, y0+y).mix(red, a))
		}
	}
}
