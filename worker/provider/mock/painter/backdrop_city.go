package painter

// skyline: a river at dusk, the pearl tower on one side, glass on the other.
func (p *pen) skyline() {
	p.sky(p.pal.dark(), p.pal.deep(), p.pal.mid(), p.pal.warm(), p.pal.light())
	p.sun(p.pal.light(), p.roll(0.44, 0.5), 0.035)
	p.clouds(p.pal.warm(), 0.5, 7, 0.12, 0.42)
	const water = 0.7
	for i := range 34 {
		x := float32(i)/34 + p.roll(-0.01, 0.01)
		p.tower(p.pal.deep().mix(p.pal.mid(), 0.45), x, water, p.roll(0.012, 0.024), p.roll(0.06, 0.2), false)
	}
	for i := range 22 {
		x := float32(i)/22 + p.roll(-0.015, 0.015)
		p.tower(p.pal.dark().mix(p.pal.deep(), 0.55), x, water, p.roll(0.014, 0.03), p.roll(0.08, 0.24), true)
	}
	p.pearl(p.pal.dark(), 0.18, water)
	p.tower(p.pal.dark().mix(p.pal.deep(), 0.2), 0.8, water, 0.03, 0.5, true)
	p.poly(p.pal.dark(), 1, pt{0.855, water}, pt{0.862, 0.22}, pt{0.885, 0.14}, pt{0.905, 0.2}, pt{0.925, water})
	p.windows(p.pal.light(), 0.862, 0.92, 0.24, water)
	p.mirror(water, p.pal.dark(), 0.75)
	for range 90 {
		x, y := p.dice.Float32(), p.roll(water, 1)
		p.line(p.pal.warm(), 0.35, 0.003, pt{x, y}, pt{x + p.roll(0.01, 0.05), y})
	}
}

// tower is a block with lit windows.
func (p *pen) tower(c rgb, x, ground, half, height float32, lit bool) {
	p.rect(c, 1, x-half, ground-height, x+half, ground)
	if p.dice.Float32() < 0.3 {
		p.rect(c, 1, x-half*0.5, ground-height*1.08, x+half*0.5, ground)
		p.line(c, 1, 0.004, pt{x, ground - height}, pt{x, ground - height*1.2})
	}
	if lit {
		p.windows(p.pal.light(), x-half, x+half, ground-height, ground)
	}
}

func (p *pen) windows(c rgb, x0, x1, y0, y1 float32) {
	for y := y0 + 0.012; y < y1-0.01; y += 0.013 {
		for x := x0 + 0.004; x < x1-0.004; x += 0.008 {
			if p.dice.Float32() < 0.42 {
				p.rect(c, p.roll(0.35, 0.95), x, y, x+0.004, y+0.006)
			}
		}
	}
}

func (p *pen) pearl(c rgb, x, ground float32) {
	leg := 0.045 * p.ratio()
	for _, dx := range []float32{-1, 0, 1} {
		p.line(c, 1, 0.014, pt{x + dx*leg, ground}, pt{x + dx*leg*0.3, 0.4})
	}
	p.disc(c, 1, x, 0.545, 0.052)
	p.disc(p.pal.mid(), 0.5, x-0.012, 0.53, 0.03)
	p.line(c, 1, 0.018, pt{x, 0.5}, pt{x, 0.26})
	p.disc(c, 1, x, 0.355, 0.034)
	p.disc(p.pal.mid(), 0.5, x-0.008, 0.345, 0.019)
	p.disc(c, 1, x, 0.262, 0.016)
	p.line(c, 1, 0.006, pt{x, 0.26}, pt{x, 0.1})
	p.windows(p.pal.light(), x-0.02, x+0.02, 0.53, 0.56)
}

// palace: red walls and golden double eaves under falling snow.
func (p *pen) palace() {
	p.sky(p.pal.warm(), p.pal.light(), p.pal.light())
	p.clouds(p.pal.warm().scale(0.92), 0.5, 8, 0.05, 0.3)
	gold := p.pal.mid().mix(rgb{226, 160, 60}, 0.55)
	p.hall(0.5, 0.56, 0.2, 0.2, gold, 0.5)
	p.hall(0.14, 0.72, 0.2, 0.26, gold, 1)
	p.hall(0.88, 0.72, 0.19, 0.24, gold, 1)
	p.rect(p.pal.deep(), 1, 0, 0.72, 1, 0.86)
	p.rect(gold, 1, 0, 0.705, 1, 0.725)
	p.rect(p.pal.light(), 1, 0, 0.697, 1, 0.71)
	p.rect(p.pal.light().scale(0.96), 1, 0, 0.86, 1, 1)
	for x := float32(0); x < 1; x += 0.045 {
		p.rect(p.pal.light(), 1, x, 0.82, x+0.008, 0.885)
		p.disc(p.pal.light(), 1, x+0.004, 0.82, 0.009)
	}
	p.rect(p.pal.light(), 1, 0, 0.85, 1, 0.862)
	for range 420 {
		p.disc(rgb{255, 255, 255}, p.roll(0.4, 0.95), p.dice.Float32(), p.dice.Float32(), p.roll(0.0015, 0.006))
	}
}

// hall is a gate with two roofs and snow on both.
func (p *pen) hall(x, ground, half, height float32, gold rgb, near float32) {
	far := p.pal.light()
	paint := func(c rgb) rgb { return far.mix(c, 0.45+0.55*near) }
	p.rect(paint(p.pal.deep()), 1, x-half*0.78, ground-height*0.5, x+half*0.78, ground)
	for i := range 7 {
		cx := x - half*0.7 + half*1.4*float32(i)/6
		p.rect(paint(p.pal.dark()), 1, cx-half*0.03, ground-height*0.48, cx+half*0.03, ground)
	}
	p.roof(paint(gold), x, ground-height*0.48, half, height*0.26)
	p.roof(paint(p.pal.light()), x, ground-height*0.56, half*0.8, height*0.18)
	p.rect(paint(p.pal.dark()), 1, x-half*0.55, ground-height*0.82, x+half*0.55, ground-height*0.68)
	p.roof(paint(gold), x, ground-height*0.8, half*0.78, height*0.34)
	p.roof(paint(p.pal.light()), x, ground-height*0.92, half*0.56, height*0.22)
}

// oldTown: tiled roofs in rows down to us, lit windows, a white mountain.
func (p *pen) oldTown() {
	p.sky(p.pal.dark(), p.pal.deep(), p.pal.mid(), p.pal.warm(), p.pal.light())
	snow := p.roll(0.25, 0.75)
	p.poly(p.pal.deep().mix(p.pal.light(), 0.35), 1, pt{snow - 0.5, 0.56}, pt{snow - 0.12, 0.24}, pt{snow, 0.14}, pt{snow + 0.1, 0.26}, pt{snow + 0.46, 0.56})
	p.poly(p.pal.light(), 0.85, pt{snow - 0.12, 0.24}, pt{snow, 0.14}, pt{snow + 0.1, 0.26}, pt{snow + 0.05, 0.3}, pt{snow + 0.02, 0.25}, pt{snow - 0.03, 0.31}, pt{snow - 0.07, 0.27})
	p.haze(p.pal.warm(), 0.6, 0.3, 0.56)
	for row := range 6 {
		f := float32(row) / 5
		y := 0.52 + 0.44*f*f + 0.02
		size := 0.05 + 0.09*f
		for x := float32(-0.05) - p.roll(0, size); x < 1.1; x += size * p.roll(1.7, 2.1) {
			p.house(x, y+p.roll(-0.012, 0.012), size, 1-f)
		}
	}
	for range 16 {
		left := p.dice.Float32() < 0.5
		x := p.roll(0.02, 0.25)
		if !left {
			x = 1 - x
		}
		p.lantern(p.pal.mid(), p.pal.light(), x, p.roll(0.55, 0.93), p.roll(0.009, 0.017))
	}
}

func (p *pen) house(x, y, half, far float32) {
	wall := p.pal.deep().mix(p.pal.warm(), far*0.45)
	tiles := p.pal.dark().mix(p.pal.mid(), far*0.45)
	p.rect(wall, 1, x-half*0.8, y-half*0.2, x+half*0.8, y+half*1.6)
	for i := range 3 {
		if p.dice.Float32() < 0.6 {
			wx := x - half*0.55 + half*0.45*float32(i)
			p.rect(p.pal.light(), 0.9, wx, y+half*0.05, wx+half*0.24, y+half*0.42)
		}
	}
	p.roof(tiles, x, y, half, half*0.62)
	p.line(p.pal.warm(), 0.35, 0.003, pt{x - half*0.3, y - half*0.62}, pt{x + half*0.3, y - half*0.62})
}

// street: shop fronts run to a point, lanterns hang across.
func (p *pen) street() {
	p.sky(p.pal.dark(), p.pal.deep(), p.pal.mid(), p.pal.warm())
	vx := p.roll(0.44, 0.56)
	const vy = 0.56
	p.poly(p.pal.deep().mix(p.pal.dark(), 0.4), 1, pt{vx, vy}, pt{1.25, 1.01}, pt{-0.25, 1.01})
	p.glow(p.pal.light(), 0.7, vx, vy, 0.24)
	for _, side := range []float32{-1, 1} {
		for i := range 6 {
			t0, t1 := p.depth(i), p.depth(i+1)
			p.shop(vx, vy, side, t0, t1)
		}
	}
	for row := range 5 {
		t := p.depth(row)
		half := 0.66 * t
		y := vy - 0.46*t
		p.line(p.pal.dark(), 0.8, 0.003, pt{vx - half, y}, pt{vx + half, y})
		for k := range 7 {
			x := vx - half + 2*half*(float32(k)+0.5)/7
			p.lantern(p.pal.mid().mix(rgb{210, 30, 30}, 0.4), p.pal.light(), x, y+0.05*t, 0.034*t)
		}
	}
	for range 40 {
		y := p.roll(0.66, 1)
		p.line(p.pal.warm(), 0.25, 0.004, pt{p.dice.Float32(), y}, pt{p.dice.Float32(), y})
	}
}

// depth is how large things of the i-th row are, near first.
func (p *pen) depth(i int) float32 {
	f := float32(1.15)
	for range i {
		f *= 0.68
	}
	return f
}

func (p *pen) shop(vx, vy, side, near, far float32) {
	x0, x1 := vx+side*0.62*near, vx+side*0.62*far
	top0, top1 := vy-0.5*near, vy-0.5*far
	bottom0, bottom1 := vy+0.44*near, vy+0.44*far
	p.poly(p.pal.deep().mix(p.pal.mid(), p.roll(0, 0.5)), 1, pt{x0, top0}, pt{x1, top1}, pt{x1, bottom1}, pt{x0, bottom0})
	eave := func(k float32, c rgb) {
		p.poly(c, 1, pt{x0 - side*0.06*near, vy - 0.5*near*k}, pt{x1 - side*0.06*far, vy - 0.5*far*k},
			pt{x1, vy - 0.5*far*(k+0.14)}, pt{x0, vy - 0.5*near*(k+0.14)})
	}
	mid := func(a, b, t float32) float32 { return a + (b-a)*t }
	for i := range 2 {
		t := 0.2 + 0.4*float32(i)
		xa, xb := mid(x0, x1, t), mid(x0, x1, t+0.25)
		ha, hb := mid(near, far, t), mid(near, far, t+0.25)
		p.poly(p.pal.light(), 0.85, pt{xa, vy - 0.02*ha}, pt{xb, vy - 0.02*hb}, pt{xb, vy + 0.22*hb}, pt{xa, vy + 0.22*ha})
		p.poly(p.pal.warm(), 0.8, pt{xa, vy - 0.32*ha}, pt{xb, vy - 0.32*hb}, pt{xb, vy - 0.2*hb}, pt{xa, vy - 0.2*ha})
	}
	eave(0.28, p.pal.dark())
	eave(0.92, p.pal.dark())
}
