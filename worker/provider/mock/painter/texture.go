package painter

// textures are the surfaces by the name that a style has in the catalogue.
func textures() map[string]func(*painter) {
	return map[string]func(*painter){
		"ink":      (*painter).ink,
		"brush":    (*painter).brush,
		"pixel":    (*painter).pixel,
		"halftone": (*painter).halftone,
		"glow":     (*painter).glow,
		"paper":    (*painter).paper,
		"facet":    (*painter).facet,
		"clay":     (*painter).clay,
		"wash":     (*painter).wash,
	}
}

// texture gives the sheet the style's surface, and grain for a name that is
// not known: a catalogue may be newer than this program.
func (p *painter) texture() {
	give, ok := textures()[p.scene.Style.Texture]
	if !ok {
		give = (*painter).grain
	}
	give(p)
}

// unit is a length that is the same share of every picture, at least 1 px.
func (p *painter) unit(share float32) int {
	return max(1, int(float32(max(p.sheet.w, p.sheet.h))*share+0.5))
}

// edges is how strongly brightness changes at each pixel, over distance d.
func edges(l *field, d int) *field {
	return newField(l.w, l.h).each(func(x, y int) float32 {
		gx, gy := l.slope(x, y, d)
		return abs(gx) + abs(gy)
	})
}

// ink: brush lines and washes on paper that shines through.
func (p *painter) ink() {
	s := p.sheet
	l := s.luma()
	fine, wide := l.blur(p.unit(0.0012)), l.blur(p.unit(0.007))
	fibre := newTile(p.n.with(11), 24)
	blot := newTile(p.n.with(12), 5)
	paper, black := p.style.light(), p.style.dark()
	ramp := p.style.ramp()
	s.each(func(x, y int, c rgb) rgb {
		f, w := fine.at(x, y), wide.at(x, y)
		b := blot.at(x/3, y/3)
		tone := max(0, min(255, (w*0.55+f*0.45-118)*1.25+136+b*46))
		wash := ramp[clip(tone)].mix(c, 0.3*(1-p.strength)+0.1)
		wash = wash.mix(paper, smooth(120, 235, tone)*0.65)
		line := smooth(3, 17, w-f+b*5) * (0.85 + 0.3*fibre.at(x*2, y*2))
		return wash.mix(black, line*0.82).add(rgb{255, 250, 240}, 0.055*fibre.at(x*3, y))
	})
}

// grain: film with faded blacks, a warm leak of light and silver noise.
func (p *painter) grain() {
	s := p.sheet
	speck := newTile(p.n.with(21), 96)
	leak := p.n.with(22).hash(1, 1)
	shadow, light := p.style.at(0.3), p.style.light()
	s.each(func(x, y int, c rgb) rgb {
		u, v := float32(x)/float32(s.w), float32(y)/float32(s.h)
		l := c.luma() / 255
		c = c.saturate(0.86).mix(shadow, 0.26*(1-l)).mix(light, 0.2*l)
		c = c.scale(0.9).add(rgb{22, 20, 18}, 1)
		edge := smooth(0.75, 0, abs(u-leak*1.4+0.2)) * smooth(1.1, 0.1, v)
		c = c.add(rgb{255, 120, 40}, 0.17*edge)
		d := (u-0.5)*(u-0.5) + (v-0.5)*(v-0.5)
		c = c.scale(1 - 0.55*smooth(0.16, 0.62, d))
		return c.add(rgb{255, 250, 244}, 0.2*speck.at(x+y*7, y)*(1.1-l))
	})
}

// glow: neon lines, bloom and scan lines in a dark room.
func (p *painter) glow() {
	s := p.sheet
	l := s.luma()
	line := edges(l.blur(p.unit(0.001)), p.unit(0.0012))
	bright := newField(s.w, s.h).each(func(x, y int) float32 { return max(0, l.at(x, y)-150) * 1.6 })
	bloom := bright.blur(p.unit(0.014))
	halo := line.blur(p.unit(0.006))
	hot, cold := p.style.at(0.5), p.style.at(0.75)
	scan := max(3, p.unit(0.003))
	s.each(func(x, y int, c rgb) rgb {
		v := float32(y) / float32(s.h)
		neon := hot.mix(cold, smooth(0.25, 0.8, v+0.25*float32(x)/float32(s.w)))
		c = c.scale(0.74).saturate(1.3)
		c = c.add(neon, min(1, line.at(x, y)/85)*0.95).add(neon, min(1, halo.at(x, y)/34)*0.5)
		c = c.add(cold.mix(rgb{255, 255, 255}, 0.2), bloom.at(x, y)/255*0.85)
		if y%scan == 0 {
			c = c.scale(0.84)
		}
		return c
	})
}

// halftone: flat colours, bold outlines and printed dots.
func (p *painter) halftone() {
	s := p.sheet
	flat := s.smoothed(p.unit(0.003))
	l := flat.luma()
	line := edges(l, p.unit(0.0016))
	ramp := p.style.ramp()
	cell := float32(max(5, p.unit(0.0085)))
	dark := p.style.dark()
	s.each(func(x, y int, _ rgb) rgb {
		c, v := flat.at(x, y), l.at(x, y)
		step := float32(int(v/43)) * 43
		c = c.saturate(1.35).mix(ramp[clip(step+24)], 0.5)
		rx, ry := (float32(x)+float32(y))*0.7071/cell, (float32(x)-float32(y))*0.7071/cell
		dx, dy := rx-float32(floor(rx))-0.5, ry-float32(floor(ry))-0.5
		radius := 0.62 * (1 - v/255)
		dot := smooth(radius*radius+0.03, radius*radius-0.03, dx*dx+dy*dy)
		c = c.mix(dark.mix(c, 0.35), dot*0.62*smooth(250, 120, v))
		return c.mix(dark, smooth(26, 62, line.at(x, y))*0.9)
	})
}

// pixel: a small picture of few colours, shown large.
func (p *painter) pixel() {
	s := p.sheet
	cell := max(4, p.unit(1.0/150))
	w, h := (s.w+cell-1)/cell, (s.h+cell-1)/cell
	small := newSheet(w, h)
	colours := p.few()
	small.each(func(x, y int, _ rgb) rgb {
		c := s.mean(x*cell, y*cell, (x+1)*cell, (y+1)*cell).saturate(1.25)
		return nearest(colours, c.add(rgb{1, 1, 1}, (bayer(x, y)-0.5)*34))
	})
	s.each(func(x, y int, _ rgb) rgb {
		c := small.at(x/cell, y/cell)
		if x%cell == 0 || y%cell == 0 {
			return c.scale(0.93)
		}
		return c
	})
}

// few is the small set of colours both palettes give.
func (p *painter) few() []rgb {
	var out []rgb
	for i := range 7 {
		t := float32(i) / 6
		out = append(out, p.style.at(t), p.place.at(t), p.style.at(t).mix(p.place.at(t), 0.5))
	}
	return append(out, rgb{236, 188, 150}, rgb{196, 134, 98}, rgb{120, 74, 56})
}

func nearest(list []rgb, c rgb) rgb {
	best, at := float32(1e12), list[0]
	for _, o := range list {
		if d := c.distance(o); d < best {
			best, at = d, o
		}
	}
	return at
}

// bayer is the threshold of an ordered dither, 0…1.
func bayer(x, y int) float32 {
	m := [16]float32{0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5}
	return (m[(y&3)*4+x&3] + 0.5) / 16
}
