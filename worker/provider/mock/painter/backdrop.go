package painter

// backdrops are the scenes by the name that a place has in the catalogue.
// Landmarks stand left and right of the middle, which the person will cover.
func backdrops() map[string]func(*pen) {
	return map[string]func(*pen){
		"skyline": (*pen).skyline,
		"lake":    (*pen).lake,
		"wall":    (*pen).wall,
		"palace":  (*pen).palace,
		"desert":  (*pen).desert,
		"karst":   (*pen).karst,
		"oldtown": (*pen).oldTown,
		"peaks":   (*pen).peaks,
		"street":  (*pen).street,
		"beach":   (*pen).beach,
		"plateau": (*pen).plateau,
		"ice":     (*pen).ice,
		"station": (*pen).station,
		"moon":    (*pen).moon,
	}
}

// backdrop draws the scene of a place, and hills for a name that is not
// known: a catalogue may be newer than this program.
func (p *pen) backdrop(name string) {
	if draw, ok := backdrops()[name]; ok {
		draw(p)
		return
	}
	p.sky(p.pal.mid(), p.pal.warm(), p.pal.light())
	p.hills(p.pal.deep(), 0.62, 0.12, 3, 1)
	p.hills(p.pal.dark(), 0.78, 0.1, 4, 2)
}

// sun puts a low light somewhere along the sky and its glow around it.
func (p *pen) sun(c rgb, y, r float32) {
	x := p.roll(0.15, 0.85)
	p.glow(c, 0.5, x, y, r*4)
	p.disc(c, 0.95, x, y, r)
}

// clouds are flat heaps of ovals.
func (p *pen) clouds(c rgb, a float32, count int, y0, y1 float32) {
	for range count {
		x, y, s := p.roll(-0.05, 1.05), p.roll(y0, y1), p.roll(0.05, 0.12)
		for range 7 {
			p.oval(c, a*0.4, x+p.roll(-s, s), y+p.roll(-s, s)*0.16, s*p.roll(0.4, 0.9), s*p.roll(0.08, 0.2))
		}
	}
}

// roof is a hipped roof with eaves that sweep up.
func (p *pen) roof(c rgb, x, y, half, rise float32) {
	p.poly(c, 1,
		pt{x - half*1.12, y - rise*0.22}, pt{x - half*0.98, y}, pt{x + half*0.98, y}, pt{x + half*1.12, y - rise*0.22},
		pt{x + half*0.86, y - rise*0.24}, pt{x + half*0.5, y - rise*0.7}, pt{x + half*0.3, y - rise},
		pt{x - half*0.3, y - rise}, pt{x - half*0.5, y - rise*0.7}, pt{x - half*0.86, y - rise*0.24})
}

// pagoda is a tower of shrinking roofs.
func (p *pen) pagoda(body, tiles rgb, x, y, half, height float32, floors int) {
	step := height / float32(floors)
	for i := range floors {
		k := 1 - 0.62*float32(i)/float32(floors)
		at := y - step*float32(i)
		p.rect(body, 1, x-half*k*0.7, at-step, x+half*k*0.7, at)
		p.roof(tiles, x, at-step*0.72, half*k, step*0.5)
	}
	p.line(tiles, 1, 0.006, pt{x, y - height}, pt{x, y - height*1.13})
}

// lantern is a red paper lamp and its light.
func (p *pen) lantern(c, light rgb, x, y, r float32) {
	p.glow(light, 0.35, x, y, r*2.6)
	p.oval(c, 1, x, y, r*p.ratio()*1.1, r*0.9)
	p.oval(light, 0.55, x, y, r*p.ratio()*0.5, r*0.75)
	p.line(light, 0.9, r*0.25, pt{x, y + r*0.9}, pt{x, y + r*1.7})
}

// tree is a trunk with a crown of discs.
func (p *pen) tree(trunk, leaf rgb, x, y, size float32) {
	p.line(trunk, 1, size*0.09, pt{x, y}, pt{x, y - size*0.6})
	for range 16 {
		p.disc(leaf.mix(trunk, p.roll(0, 0.35)), 0.85, x+p.roll(-size, size)*0.36*p.ratio(), y-size*p.roll(0.45, 1), size*p.roll(0.1, 0.2))
	}
}

// willow hangs strands from a bough at the picture's edge.
func (p *pen) willow(c rgb, x, lean float32) {
	p.line(c, 1, 0.035, pt{x, 1.02}, pt{x + lean*0.25, 0.1})
	for i := range 46 {
		t := float32(i) / 46
		sx := x + lean*(t*1.5-0.1)
		sy := 0.02 + 0.12*t*t
		for k := range 7 {
			f := float32(k) / 7
			l := p.roll(0.2, 0.42) * (1 - t*0.5)
			p.line(c.mix(p.pal.mid(), f*0.5), 0.55, 0.004, pt{sx + 0.008*f, sy + l*f}, pt{sx + 0.008*(f+0.14), sy + l*(f+0.15)})
		}
	}
}
