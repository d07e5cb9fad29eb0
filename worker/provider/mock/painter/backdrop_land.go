package painter

import "math"

// lake: hills in mist, a pagoda, a bridge, willows at the edge.
func (p *pen) lake() {
	p.sky(p.pal.warm(), p.pal.light(), p.pal.light(), p.pal.warm())
	p.sun(rgb{255, 246, 226}, p.roll(0.16, 0.26), 0.04)
	const water = 0.64
	p.hills(p.pal.warm().mix(p.pal.mid(), 0.3), 0.46, 0.1, 2.2, 1)
	p.haze(p.pal.light(), 0.8, 0.36, 0.56)
	p.hills(p.pal.mid(), 0.54, 0.09, 3, 2)
	p.haze(p.pal.light(), 0.55, 0.48, water)
	p.pagoda(p.pal.deep(), p.pal.dark(), 0.82, 0.56, 0.05, 0.32, 6)
	p.hills(p.pal.deep(), 0.605, 0.035, 5, 3)
	p.mirror(water, p.pal.mid(), 0.72)
	p.bridge(0.16, water+0.01)
	for range 26 {
		x, y := p.dice.Float32(), p.roll(0.8, 0.99)
		p.oval(p.pal.deep(), 0.75, x, y, p.roll(0.015, 0.04), p.roll(0.004, 0.01))
		if p.dice.Float32() < 0.4 {
			p.disc(rgb{244, 160, 180}, 0.95, x, y-0.012, 0.01)
		}
	}
	p.willow(p.pal.dark(), -0.02, 0.3)
}

func (p *pen) bridge(x, y float32) {
	for i := range 5 {
		cx := x - 0.12 + 0.06*float32(i)
		p.oval(p.pal.dark(), 1, cx, y, 0.03, 0.055)
	}
	for i := range 5 {
		cx := x - 0.12 + 0.06*float32(i)
		p.oval(p.pal.mid(), 1, cx, y+0.005, 0.018, 0.03)
	}
	p.rect(p.pal.dark(), 1, x-0.17, y-0.058, x+0.17, y-0.045)
}

// wall: the great wall over ridges into the evening.
func (p *pen) wall() {
	p.sky(p.pal.mid().mix(p.pal.light(), 0.3), p.pal.warm(), p.pal.light())
	p.sun(p.pal.light(), p.roll(0.2, 0.34), 0.05)
	p.clouds(p.pal.light(), 0.5, 6, 0.08, 0.34)
	p.hills(p.pal.mid().mix(p.pal.light(), 0.5), 0.48, 0.14, 2.5, 1)
	p.haze(p.pal.warm(), 0.6, 0.36, 0.62)
	p.rampart(0.56, 0.13, 2, 2, 0.6)
	p.haze(p.pal.warm(), 0.4, 0.5, 0.8)
	p.rampart(0.76, 0.16, 1.6, 5, 1)
	p.hills(p.pal.dark(), 0.95, 0.06, 5, 9)
}

// rampart is a ridge with the wall on its crest and towers along it.
func (p *pen) rampart(base, amp, freq float32, layer uint64, near float32) {
	n := p.n.with(layer)
	crest := func(x float32) float32 { return base - amp*(n.fractal(x*freq+1, 0.5, 2)-0.45)*2.4 }
	stone := p.pal.mid().mix(p.pal.warm(), 0.55-0.25*near)
	h := 0.05 * near
	p.ridge(stone, 1, func(x float32) float32 { return crest(x) - h })
	for x := float32(0); x < 1; x += 0.016 * near {
		y := crest(x) - h
		p.rect(stone, 1, x, y-0.014*near, x+0.008*near, y+0.01)
	}
	p.ridge(p.pal.deep().mix(p.pal.dark(), near*0.5), 1, crest)
	for _, x := range []float32{0.1 + p.roll(0, 0.08), 0.46 + p.roll(0, 0.1), 0.84 + p.roll(0, 0.1)} {
		y, s := crest(x), 0.042*near
		p.rect(stone.scale(0.86), 1, x-s, y-h-s*2.6, x+s, y+0.02)
		p.rect(stone, 1, x-s*1.15, y-h-s*3, x+s*1.15, y-h-s*2.5)
		for i := range 4 {
			cx := x - s*1.05 + s*0.6*float32(i)
			p.rect(stone, 1, cx, y-h-s*3.5, cx+s*0.3, y-h-s*2.9)
		}
		p.disc(p.pal.dark(), 1, x, y-h-s*1.3, s*0.42)
	}
}

// desert: dunes with sharp crests, a caravan, a low sun.
func (p *pen) desert() {
	p.sky(p.pal.warm().mix(p.pal.light(), 0.2), p.pal.light(), p.pal.light())
	p.sun(rgb{255, 250, 235}, p.roll(0.2, 0.32), 0.06)
	for i := range 5 {
		f := float32(i) / 4
		p.dune(0.5+0.42*f, 0.09+0.05*f, p.pal.light().mix(p.pal.mid(), 0.3+0.6*f), p.pal.mid().mix(p.pal.deep(), f), uint64(i))
	}
	y, x := float32(0.565), p.roll(0.06, 0.14)
	for i := range 5 {
		p.camel(x+0.055*float32(i), y+0.004*float32(i), 0.03)
	}
}

// dune is lit on one side of its crest and shaded on the other.
func (p *pen) dune(base, amp float32, lit, shade rgb, layer uint64) {
	n := p.n.with(layer + 20)
	shape := func(x float32) float32 { return base - amp*(n.fractal(x*1.7+5, 0.5, 2)-0.45)*2.2 }
	p.ridge(lit, 1, shape)
	for k := range 3 {
		top := p.roll(0.1, 0.3) + 0.33*float32(k)
		y := shape(top)
		p.poly(shade, 0.55, pt{top, y}, pt{top + p.roll(0.12, 0.3), y + amp*1.5}, pt{top + p.roll(0.02, 0.1), y + amp*2.2}, pt{top - 0.02, y + amp})
	}
	for i := range 22 {
		x := p.dice.Float32()
		y := shape(x) + p.roll(0.01, 0.12)
		p.line(shade, 0.12+0.01*float32(i%3), 0.003, pt{x, y}, pt{x + p.roll(0.03, 0.09), y + p.roll(-0.004, 0.008)})
	}
}

func (p *pen) camel(x, y, s float32) {
	c, r := p.pal.dark(), p.ratio()
	p.oval(c, 1, x, y-s*0.9, s*0.5*r, s*0.24)
	p.disc(c, 1, x-s*0.18*r, y-s*1.15, s*0.17)
	p.disc(c, 1, x+s*0.16*r, y-s*1.15, s*0.17)
	p.line(c, 1, s*0.14, pt{x + s*0.45*r, y - s*0.95}, pt{x + s*0.7*r, y - s*1.4})
	p.oval(c, 1, x+s*0.78*r, y-s*1.42, s*0.16*r, s*0.1)
	for _, dx := range []float32{-0.36, -0.22, 0.22, 0.36} {
		p.line(c, 1, s*0.09, pt{x + s*dx*r, y - s*0.8}, pt{x + s*dx*r, y})
	}
}

// karst: round towers of rock, mirrored, and a raft.
func (p *pen) karst() {
	p.sky(p.pal.warm(), p.pal.light(), p.pal.light())
	p.sun(rgb{255, 244, 214}, p.roll(0.16, 0.24), 0.036)
	const water = 0.68
	for layer := range 4 {
		f := float32(layer) / 3
		c := p.pal.light().mix(p.pal.dark().mix(p.pal.mid(), 0.6), 0.25+0.7*f)
		for i := range 7 - layer {
			x := (float32(i)+p.roll(0, 0.9))/(7-float32(layer)) + p.roll(-0.03, 0.03)
			if layer == 3 && x > 0.3 && x < 0.68 {
				continue
			}
			p.rock(c, x, water, p.roll(0.06, 0.11), p.roll(0.16, 0.34)+0.06*f)
		}
		p.haze(p.pal.light(), 0.5*(1-f), 0.4, water)
	}
	p.mirror(water, p.pal.deep(), 0.7)
	x, y := p.roll(0.1, 0.24), float32(0.8)
	p.poly(p.pal.dark(), 1, pt{x - 0.09, y - 0.008}, pt{x + 0.09, y - 0.012}, pt{x + 0.08, y + 0.004}, pt{x - 0.08, y + 0.004})
	p.line(p.pal.dark(), 1, 0.014, pt{x, y}, pt{x, y - 0.055})
	p.disc(p.pal.dark(), 1, x, y-0.066, 0.012)
	p.poly(p.pal.dark(), 1, pt{x - 0.022, y - 0.066}, pt{x, y - 0.086}, pt{x + 0.022, y - 0.066})
	p.line(p.pal.dark(), 1, 0.003, pt{x + 0.01, y - 0.09}, pt{x + 0.05, y + 0.02})
}

// rock is a hill as steep as a tower, rounded on top.
func (p *pen) rock(c rgb, x, ground, half, height float32) {
	pts := make([]pt, 0, 34)
	wobble := p.roll(0, 100)
	for i := range 33 {
		t := float32(i)/16 - 1
		k := float32(math.Pow(1-math.Pow(math.Abs(float64(t)), 2.6), 0.62))
		jag := (p.n.with(40).at(t*5+wobble, x*9) - 0.5) * 0.09
		pts = append(pts, pt{x + half*t*1.1, ground - height*max(0, k+jag*k)})
	}
	p.poly(c, 1, pts...)
}

// peaks: stone pillars out of a sea of cloud, pines on top.
func (p *pen) peaks() {
	p.sky(p.pal.warm(), p.pal.light(), p.pal.warm())
	p.sun(rgb{255, 250, 240}, p.roll(0.12, 0.22), 0.034)
	for layer := range 4 {
		f := float32(layer) / 3
		c := p.pal.light().mix(p.pal.deep(), 0.22+0.68*f)
		count := 9 - layer*2
		for i := range count {
			x := (float32(i) + p.roll(0.1, 0.9)) / float32(count)
			if layer == 3 && x > 0.32 && x < 0.68 {
				continue
			}
			p.pillar(c, x, p.roll(0.02, 0.036)*(1+f), p.roll(0.2, 0.5)-0.06*f, f)
		}
		p.haze(p.pal.light(), 0.75, 0.46+0.06*f, 0.8)
		p.clouds(p.pal.light(), 0.7, 5, 0.66, 0.86)
	}
}

func (p *pen) pillar(c rgb, x, half, top, near float32) {
	left, right := make([]pt, 0, 14), make([]pt, 0, 14)
	for i := range 13 {
		y := top + (1-top)*float32(i)/12
		w := half * (0.75 + 0.25*float32(i)/12 + (p.n.with(61).at(y*16, x*40)-0.5)*0.5)
		left = append(left, pt{x - w, y})
		right = append(right, pt{x + half*(0.8+(p.n.with(62).at(y*16, x*40)-0.5)*0.5), y})
	}
	for i := len(right) - 1; i >= 0; i-- {
		left = append(left, right[i])
	}
	p.poly(c, 1, left...)
	p.poly(p.pal.warm(), 0.16, pt{x - half*0.7, top}, pt{x - half*0.2, top}, pt{x - half*0.25, 1}, pt{x - half*0.75, 1})
	for range 5 {
		p.tree(c.scale(0.7), c.mix(p.pal.dark(), 0.5), x+p.roll(-half, half)*0.7, top+0.012, 0.035*(0.6+near))
	}
}

// beach: a bay of clear water, palms at both sides.
func (p *pen) beach() {
	p.sky(p.pal.deep().mix(p.pal.mid(), 0.5), p.pal.mid(), p.pal.light())
	p.sun(rgb{255, 252, 236}, p.roll(0.14, 0.26), 0.042)
	p.clouds(rgb{255, 255, 255}, 0.75, 9, 0.16, 0.42)
	p.hills(p.pal.dark().mix(p.pal.mid(), 0.45), 0.535, 0.04, 2, 1)
	for i := range 26 {
		y := 0.54 + 0.3*float32(i)/26
		p.rect(p.pal.dark().mix(p.pal.mid(), float32(i)/22), 1, 0, y, 1, y+0.03)
	}
	for range 120 {
		x, y := p.dice.Float32(), p.roll(0.545, 0.8)
		p.line(p.pal.light(), 0.3, 0.0025, pt{x, y}, pt{x + p.roll(0.01, 0.06), y})
	}
	n := p.n.with(5)
	shore := func(k float32) func(float32) float32 {
		return func(x float32) float32 { return 0.81 + k + 0.05*(n.at(x*3, 1)-0.5) + 0.03*x }
	}
	p.ridge(rgb{255, 255, 255}, 0.9, shore(-0.012))
	p.ridge(p.pal.warm().scale(0.9), 1, shore(0))
	p.ridge(p.pal.warm(), 1, shore(0.022))
	p.palm(0.06, 1.0, 0.13, -1)
	p.palm(0.97, 1.0, 0.3, 1)
	p.palm(0.9, 1.0, 0.45, 1)
}

func (p *pen) palm(x, y, top, lean float32) {
	bend := -lean * 0.09
	at := func(t float32) pt { return pt{x + bend*t*t, y + (top-y)*t} }
	for i := range 14 {
		t := float32(i) / 14
		p.line(p.pal.dark().mix(rgb{90, 60, 40}, 0.5), 1, 0.026-0.012*t, at(t), at(t+0.075))
	}
	c := at(1)
	for i := range 11 {
		a := float64(i)/11*2*math.Pi + float64(p.roll(-0.15, 0.15))
		l := p.roll(0.16, 0.23)
		prev := c
		for k := 1; k <= 6; k++ {
			t := float32(k) / 6
			q := pt{c.x + float32(math.Cos(a))*l*t*p.ratio(), c.y + float32(math.Sin(a))*l*t*0.5 - 0.05*t + 0.15*t*t}
			p.line(p.pal.dark().mix(rgb{30, 110, 60}, 0.5), 1, 0.024*(1.1-t), prev, q)
			prev = q
		}
	}
}

// plateau: a white and red palace up a hill, ranges of snow, prayer flags.
func (p *pen) plateau() {
	p.sky(p.pal.dark(), p.pal.deep(), p.pal.deep().mix(p.pal.light(), 0.5), p.pal.light())
	p.clouds(rgb{255, 255, 255}, 0.8, 9, 0.1, 0.36)
	p.snowRange(0.5, 0.2, 1)
	p.hills(p.pal.mid().mix(p.pal.warm(), 0.5), 0.62, 0.06, 3, 4)
	side := float32(0.78)
	if p.dice.Float32() < 0.5 {
		side = 0.22
	}
	p.poly(p.pal.warm().scale(0.8), 1, pt{side - 0.36, 0.8}, pt{side - 0.2, 0.56}, pt{side + 0.2, 0.56}, pt{side + 0.36, 0.8})
	for i := range 5 {
		f := float32(i) / 4
		half := 0.25 - 0.034*float32(i)
		y := 0.66 - 0.078*float32(i)
		c := p.pal.light()
		if i >= 2 && i < 4 {
			c = p.pal.mid().mix(rgb{120, 20, 26}, 0.5)
		}
		p.poly(c, 1, pt{side - half*1.08, y}, pt{side - half, y - 0.1}, pt{side + half, y - 0.1}, pt{side + half*1.08, y})
		p.rect(p.pal.dark(), 0.8, side-half, y-0.1, side+half, y-0.092)
		for x := side - half*0.9; x < side+half*0.88; x += 0.022 {
			p.rect(p.pal.dark(), 0.85, x, y-0.075+0.01*f, x+0.009, y-0.045)
		}
	}
	for _, dx := range []float32{-0.07, 0.02, 0.09} {
		p.roof(p.pal.warm().mix(rgb{240, 180, 40}, 0.7), side+dx, 0.26, 0.03, 0.03)
	}
	p.hills(p.pal.dark().mix(p.pal.mid(), 0.35), 0.84, 0.05, 4, 8)
	p.flags(pt{-0.02, 0.16}, pt{0.5, 0.02})
	p.flags(pt{1.02, 0.12}, pt{0.55, 0.01})
}

func (p *pen) snowRange(base, amp float32, layer uint64) {
	n := p.n.with(layer)
	p.ridge(p.pal.deep().mix(p.pal.light(), 0.45), 1, func(x float32) float32 {
		return base - amp*abs(n.fractal(x*4, 0.5, 4)-0.5)*2.2
	})
	p.ridge(p.pal.light(), 0.55, func(x float32) float32 {
		return base + 0.05 - amp*abs(n.fractal(x*4+0.06, 0.5, 4)-0.5)*2.2
	})
}

func (p *pen) flags(from, to pt) {
	colours := []rgb{{40, 90, 190}, {245, 245, 240}, {205, 40, 40}, {40, 150, 80}, {240, 190, 40}}
	prev := from
	for i := 1; i <= 22; i++ {
		t := float32(i) / 22
		q := pt{from.x + (to.x-from.x)*t, from.y + (to.y-from.y)*t + 0.09*4*t*(1-t)}
		p.line(p.pal.dark(), 0.8, 0.002, prev, q)
		p.poly(colours[i%5], 0.95, q, pt{q.x + 0.02, q.y + 0.002}, pt{q.x + 0.018, q.y + 0.04}, pt{q.x + 0.001, q.y + 0.036})
		prev = q
	}
}

func abs(v float32) float32 {
	if v < 0 {
		return -v
	}
	return v
}
