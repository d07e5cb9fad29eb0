package painter

import "math"

// ice: towers of lit ice under an aurora.
func (p *pen) ice() {
	p.sky(p.pal.dark(), p.pal.dark().mix(p.pal.deep(), 0.6), p.pal.deep(), p.pal.mid())
	p.stars(p.pal.light(), 160, 0.5)
	p.aurora()
	for i := range 9 {
		x := (float32(i) + p.roll(0.2, 0.8)) / 9
		p.spire(x, 0.78, p.roll(0.03, 0.05), p.roll(0.16, 0.3), p.pal.deep().mix(p.pal.warm(), 0.4))
	}
	p.spire(0.15, 0.84, 0.09, 0.56, p.pal.warm())
	p.spire(0.86, 0.84, 0.1, 0.5, p.pal.mid())
	p.ridge(p.pal.light(), 1, func(x float32) float32 { return 0.83 + 0.03*p.n.with(3).at(x*4, 0) })
	p.mirror(0.9, p.pal.warm(), 0.5)
	for range 200 {
		p.disc(rgb{255, 255, 255}, p.roll(0.3, 0.9), p.dice.Float32(), p.dice.Float32(), p.roll(0.001, 0.004))
	}
}

func (p *pen) aurora() {
	n := p.n.with(70)
	for band := range 3 {
		c := p.pal.warm().mix(p.pal.mid(), float32(band)/2)
		for i := range 150 {
			x := float32(i) / 150
			y := 0.1 + 0.1*float32(band) + 0.16*(n.at(x*2.4+float32(band)*7, 3)-0.5)
			l := 0.12 + 0.22*n.at(x*14, float32(band))
			p.poly(c, 0.16, pt{x - 0.006, y}, pt{x + 0.012, y}, pt{x + 0.016, y + l}, pt{x - 0.002, y + l})
		}
	}
}

// spire is a stepped tower of ice blocks with light inside.
func (p *pen) spire(x, ground, half, height float32, c rgb) {
	p.glow(c, 0.45, x, ground-height*0.4, height*0.62)
	const steps = 5
	for i := range steps {
		f := float32(i) / steps
		w, y0, y1 := half*(1-f*0.82), ground-height*f, ground-height*(f+0.22)
		p.rect(c.mix(p.pal.light(), 0.25+0.4*f), 0.92, x-w, y1, x+w, y0)
		p.rect(p.pal.light(), 0.5, x-w, y1, x-w*0.55, y0)
		for k := y1; k < y0; k += 0.022 {
			p.line(p.pal.dark(), 0.22, 0.002, pt{x - w, k}, pt{x + w, k})
		}
	}
	p.poly(p.pal.light(), 0.95, pt{x - half*0.16, ground - height}, pt{x, ground - height*1.22}, pt{x + half*0.16, ground - height})
	p.glow(p.pal.light(), 0.8, x, ground-height*1.2, 0.03)
}

// station: earth below the windows of a space station.
func (p *pen) station() {
	p.sky(p.pal.dark(), p.pal.dark(), p.pal.dark().mix(p.pal.deep(), 0.7))
	p.stars(p.pal.light(), 420, 1)
	p.nebula()
	cx, cy, r := p.roll(0.4, 0.6), float32(1.32), float32(0.86)
	for i := range 16 {
		p.disc(rgb{90, 170, 255}, 0.06, cx, cy, r+0.006*float32(16-i))
	}
	p.disc(rgb{28, 84, 160}, 1, cx, cy, r)
	n := p.n.with(31)
	for range 260 {
		a, d := p.roll(-math.Pi, 0), p.roll(0.2, 0.985)
		s, k := math.Sincos(float64(a))
		x, y := cx+float32(k)*d*r*p.ratio(), cy+float32(s)*d*r
		if n.fractal(x*4, y*4, 3) > 0.5 {
			p.oval(rgb{70, 130, 90}.mix(rgb{190, 160, 110}, p.dice.Float32()), 0.5, x, y, p.roll(0.015, 0.05), p.roll(0.006, 0.02))
		} else {
			p.oval(rgb{255, 255, 255}, 0.35, x, y, p.roll(0.02, 0.07), p.roll(0.003, 0.01))
		}
	}
	p.truss(0.1)
	p.panels(0.02, 0.3)
	p.panels(0.72, 0.98)
	p.cupola()
}

func (p *pen) nebula() {
	n := p.n.with(17)
	for range 170 {
		x, y := p.dice.Float32(), p.roll(0, 0.7)
		if v := n.fractal(x*3, y*3, 3); v > 0.5 {
			p.disc(p.pal.mid().mix(rgb{150, 90, 220}, v), 0.05, x, y, p.roll(0.03, 0.09))
		}
	}
}

func (p *pen) truss(y float32) {
	c := p.pal.warm()
	p.rect(c, 1, 0, y, 1, y+0.012)
	p.rect(c, 1, 0, y+0.04, 1, y+0.052)
	for x := float32(0); x < 1; x += 0.04 {
		p.line(c, 1, 0.006, pt{x, y}, pt{x + 0.02, y + 0.05})
		p.line(c, 1, 0.006, pt{x + 0.02, y + 0.05}, pt{x + 0.04, y})
	}
}

func (p *pen) panels(x0, x1 float32) {
	for _, y := range []float32{0.2, 0.36} {
		p.rect(p.pal.mid(), 1, x0-0.004, y-0.006, x1+0.004, y+0.116)
		for x := x0; x < x1-0.01; x += 0.035 {
			for k := range 3 {
				yy := y + 0.037*float32(k)
				p.rect(rgb{30, 50, 110}.mix(p.pal.mid(), p.roll(0, 0.3)), 1, x, yy, x+0.031, yy+0.033)
				p.poly(p.pal.light(), 0.22, pt{x, yy}, pt{x + 0.02, yy}, pt{x, yy + 0.02})
			}
		}
	}
	mid := (x0 + x1) / 2
	p.rect(p.pal.warm(), 1, mid-0.006, 0.15, mid+0.006, 0.5)
}

// cupola is the frame of the window we look through.
func (p *pen) cupola() {
	c := p.pal.deep().mix(p.pal.warm(), 0.25)
	p.poly(c, 1, pt{0, 0}, pt{0.17, 0}, pt{0, 0.13})
	p.poly(c, 1, pt{1, 0}, pt{0.83, 0}, pt{1, 0.13})
	p.poly(c, 1, pt{0, 1}, pt{0.15, 1}, pt{0, 0.84})
	p.poly(c, 1, pt{1, 1}, pt{0.85, 1}, pt{1, 0.84})
	for i := range 9 {
		t := float32(i) / 8
		p.disc(p.pal.light(), 0.8, 0.155-0.15*t, 0.012+0.1*t, 0.004)
		p.disc(p.pal.light(), 0.8, 0.845+0.15*t, 0.012+0.1*t, 0.004)
	}
}

// moon: grey craters, black sky, the earth rising.
func (p *pen) moon() {
	p.sky(p.pal.dark(), p.pal.dark(), p.pal.dark())
	p.stars(p.pal.light(), 320, 0.7)
	ex, ey := p.roll(0.14, 0.3), p.roll(0.17, 0.26)
	if p.dice.Float32() < 0.5 {
		ex = 1 - ex
	}
	p.glow(rgb{80, 150, 240}, 0.5, ex, ey, 0.2)
	p.disc(rgb{36, 96, 180}, 1, ex, ey, 0.105)
	for range 26 {
		a, d := p.roll(0, 2*math.Pi), 0.085*float32(math.Sqrt(float64(p.dice.Float32())))
		s, k := math.Sincos(float64(a))
		c := rgb{255, 255, 255}
		if p.dice.Float32() < 0.4 {
			c = rgb{70, 140, 90}
		}
		p.oval(c, 0.55, ex+float32(k)*d*p.ratio(), ey+float32(s)*d, p.roll(0.012, 0.032), p.roll(0.004, 0.012))
	}
	p.disc(p.pal.dark(), 0.5, ex+0.03*p.ratio(), ey+0.022, 0.105)
	p.hills(p.pal.mid().scale(0.8), 0.6, 0.07, 3, 1)
	p.hills(p.pal.mid(), 0.68, 0.05, 2, 2)
	p.ridge(p.pal.warm(), 1, func(x float32) float32 { return 0.74 + 0.03*(p.n.with(5).at(x*3, 1)-0.5) })
	for i := range 34 {
		f := float32(i) / 34
		p.crater(p.dice.Float32(), 0.75+0.24*f*f+p.roll(0, 0.02), (0.01+0.06*f)*p.roll(0.5, 1.2))
	}
	p.lander(1-ex, 0.76)
}

func (p *pen) crater(x, y, r float32) {
	p.oval(p.pal.light(), 0.8, x+r*0.06, y+r*0.05, r, r*0.34)
	p.oval(p.pal.deep(), 0.9, x, y, r*0.92, r*0.29)
	p.oval(p.pal.mid(), 0.9, x+r*0.1, y+r*0.05, r*0.76, r*0.21)
}

func (p *pen) lander(x, y float32) {
	r, gold := p.ratio(), rgb{226, 178, 84}
	for _, dx := range []float32{-1, 1} {
		p.line(p.pal.light(), 1, 0.007, pt{x + dx*0.025*r, y - 0.07}, pt{x + dx*0.075*r, y})
		p.oval(p.pal.light(), 1, x+dx*0.078*r, y, 0.016*r, 0.005)
	}
	p.poly(gold, 1, pt{x - 0.05*r, y - 0.035}, pt{x - 0.06*r, y - 0.08}, pt{x + 0.06*r, y - 0.08}, pt{x + 0.05*r, y - 0.035})
	p.poly(p.pal.light(), 1, pt{x - 0.042*r, y - 0.08}, pt{x - 0.05*r, y - 0.12}, pt{x - 0.02*r, y - 0.15}, pt{x + 0.02*r, y - 0.15}, pt{x + 0.05*r, y - 0.12}, pt{x + 0.042*r, y - 0.08})
	p.poly(p.pal.dark(), 1, pt{x - 0.02*r, y - 0.135}, pt{x, y - 0.115}, pt{x - 0.03*r, y - 0.11})
	p.line(p.pal.light(), 1, 0.004, pt{x, y - 0.15}, pt{x, y - 0.19})
	p.disc(p.pal.light(), 1, x, y-0.19, 0.009)
}
