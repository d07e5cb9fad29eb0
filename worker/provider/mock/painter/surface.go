package painter

import (
	"math"
	"math/rand/v2"
)

// smoothed replaces each pixel by the calmest of the four squares around it:
// flat areas become flat, edges stay sharp, and the result looks brushed.
func (s *sheet) smoothed(r int) *sheet {
	sum := newIntegral(s)
	out := newSheet(s.w, s.h)
	out.each(func(x, y int, _ rgb) (c rgb) {
		best := float32(math.MaxFloat32)
		for q := range 4 {
			ax, ay := x-r*(q&1), y-r*(q>>1)
			if m, v := sum.square(ax, ay, ax+r, ay+r); v < best {
				best, c = v, m
			}
		}
		return c
	})
	return out
}

// integral holds running sums of colour and of squared brightness, so that a
// square of any size costs the same.
type integral struct {
	w, h       int
	r, g, b, q []uint32 // sums wrap around; differences are still right
}

func newIntegral(s *sheet) *integral {
	w, h := s.w+1, s.h+1
	t := &integral{w: w, h: h, r: make([]uint32, w*h), g: make([]uint32, w*h), b: make([]uint32, w*h), q: make([]uint32, w*h)}
	for y := range s.h {
		var r, g, b, q uint32
		up, at, i := y*w, (y+1)*w, y*s.w*3
		for x := range s.w {
			cr, cg, cb := uint32(s.p[i]), uint32(s.p[i+1]), uint32(s.p[i+2])
			l := (cr + 2*cg + cb) / 4
			i += 3
			r, g, b, q = r+cr, g+cg, b+cb, q+l*l
			t.r[at+x+1], t.g[at+x+1] = t.r[up+x+1]+r, t.g[up+x+1]+g
			t.b[at+x+1], t.q[at+x+1] = t.b[up+x+1]+b, t.q[up+x+1]+q
		}
	}
	return t
}

// square is the mean colour and the variance of brightness of a square, both
// corners included.
func (t *integral) square(x0, y0, x1, y1 int) (rgb, float32) {
	x0, y0 = max(x0, 0), max(y0, 0)
	x1, y1 = min(x1+1, t.w-1), min(y1+1, t.h-1)
	a, b, c, d := y0*t.w+x0, y0*t.w+x1, y1*t.w+x0, y1*t.w+x1
	k := 1 / float32((x1-x0)*(y1-y0))
	m := rgb{
		float32(t.r[d]-t.r[b]-t.r[c]+t.r[a]) * k, float32(t.g[d]-t.g[b]-t.g[c]+t.g[a]) * k,
		float32(t.b[d]-t.b[b]-t.b[c]+t.b[a]) * k,
	}
	l := (m.r + 2*m.g + m.b) / 4
	return m, float32(t.q[d]-t.q[b]-t.q[c]+t.q[a])*k - l*l
}

// facet: the flat shades and clean lines of a drawn film.
func (p *painter) facet() {
	s := p.sheet
	flat := s.smoothed(p.unit(0.0042)).smoothed(p.unit(0.002))
	l := flat.luma()
	line := edges(l.blur(1), p.unit(0.001))
	ramp, dark := p.style.ramp(), p.style.dark()
	s.each(func(x, y int, _ rgb) rgb {
		c, v := flat.at(x, y), l.at(x, y)
		f := v / 42
		step := (float32(int(f)) + smooth(0.38, 0.62, f-float32(int(f)))) * 42
		c = c.saturate(1.45).scale((step + 20) / (v + 20))
		c = c.mix(ramp[clip(step+18)], 0.3*p.strength)
		c = c.add(rgb{255, 246, 236}, 0.1*smooth(150, 240, v))
		return c.mix(dark, smooth(16, 46, line.at(x, y))*0.62)
	})
}

// clay: soft round forms under a lamp, with the prints of fingers.
func (p *painter) clay() {
	s := p.sheet
	flat := s.smoothed(p.unit(0.007))
	form := flat.luma().blur(p.unit(0.0045))
	prints := newTile(p.n.with(31), 14)
	d := p.unit(0.0028)
	ramp := p.style.ramp()
	s.each(func(x, y int, _ rgb) rgb {
		c := flat.at(x, y).saturate(1.3)
		c = c.mix(ramp[clip(form.at(x, y)+12)], 0.42*p.strength)
		gx, gy := form.slope(x, y, d)
		gx += 24 * (prints.at(x+2, y) - prints.at(x-2, y))
		gy += 24 * (prints.at(x, y+2) - prints.at(x, y-2))
		light := max(-60, min((gx+gy)*1.1, 60))
		c = c.add(rgb{1, 1, 1}, light*0.75)
		shine := smooth(20, 64, gx*0.8+gy)
		return c.add(rgb{255, 248, 240}, 0.24*shine)
	})
}

// wash: watercolour that pools at its edges on grainy paper.
func (p *painter) wash() {
	s := p.sheet
	flat := s.smoothed(p.unit(0.006))
	l := flat.luma()
	soft := l.blur(p.unit(0.005))
	bleed, tooth := newTile(p.n.with(41), 5), newTile(p.n.with(42), 70)
	ramp, paper := p.style.ramp(), p.style.light().mix(rgb{255, 255, 255}, 0.45)
	reach := float32(p.unit(0.012))
	s.each(func(x, y int, _ rgb) rgb {
		b := bleed.at(x/2, y/2)
		qx := max(0, min(x+int(b*reach), s.w-1))
		qy := max(0, min(y+int(bleed.at(x/2+99, y/2)*reach), s.h-1))
		c, v := flat.at(qx, qy), l.at(qx, qy)
		c = c.saturate(1.25).mix(ramp[clip(v+10)], 0.45*p.strength)
		pool := smooth(5, 30, abs(v-soft.at(qx, qy)))
		c = c.scale(1 - 0.3*pool)
		thin := max(0, min(0.26+0.36*b+0.2*v/255, 0.85))
		c = c.mix(paper, thin*0.62)
		return c.add(rgb{255, 255, 250}, 0.09*tooth.at(x, y))
	})
}

// paper: sheets of coloured paper, cut and laid over each other.
func (p *painter) paper() {
	s := p.sheet
	l := s.luma().blur(p.unit(0.0035))
	const count = 6
	levels := newField(s.w, s.h).each(func(x, y int) float32 { return float32(min(count-1, int(l.at(x, y)*count/256))) })
	tooth := newTile(p.n.with(51), 60)
	shade := levels.blur(p.unit(0.004))
	d := p.unit(0.004)
	own := s.smoothed(p.unit(0.006))
	s.each(func(x, y int, _ rgb) rgb {
		k := levels.at(x, y)
		c := p.style.at((k+0.4)/count).mix(own.at(x, y).saturate(1.2), 0.3)
		// A sheet is darker where a nearer one throws its shadow.
		shadow := smooth(0.05, 0.9, k-shade.near(x-d, y-d))
		light := smooth(0.1, 0.8, levels.near(x+2, y+2)-k)
		c = c.scale(1-0.42*shadow).add(rgb{255, 255, 255}, 0.12*light)
		return c.add(rgb{255, 250, 240}, 0.08*tooth.at(x, y))
	})
}

// brush: thousands of strokes along the forms, large ones first.
func (p *painter) brush() {
	s := p.sheet
	small := s.smoothed(p.unit(0.004))
	l := small.luma().blur(p.unit(0.004))
	dice := rand.New(rand.NewPCG(uint64(p.n), 51))
	out := newSheet(s.w, s.h)
	copy(out.p, small.p)
	for _, pass := range []struct {
		count       int
		length, fat float32
	}{{2600, 0.045, 0.011}, {7000, 0.024, 0.0058}, {9000, 0.012, 0.0032}} {
		for range pass.count {
			p.stroke(out, small, l, dice, pass.length, pass.fat)
		}
	}
	p.sheet = out
	p.varnish()
}

// stroke lays one stroke across the slope of brightness, in the colour that
// was there, a little off.
func (p *painter) stroke(out, src *sheet, l *field, dice *rand.Rand, length, fat float32) {
	long := float32(max(out.w, out.h))
	x, y := dice.IntN(out.w), dice.IntN(out.h)
	gx, gy := l.slope(x, y, p.unit(0.004))
	angle := math.Atan2(float64(gx), -float64(gy))
	if gx*gx+gy*gy < 30 {
		angle = float64(p.n.with(52).at(float32(x)/long*4, float32(y)/long*4)) * 7
	}
	sin, cos := math.Sincos(angle + (dice.Float64()-0.5)*0.5)
	c := src.at(x, y).saturate(1.3).scale(0.88 + 0.24*dice.Float32())
	c = c.mix(p.style.at(c.luma()/255), 0.25*p.strength)
	half, wide := length*long*(0.5+0.5*dice.Float32())/2, fat*long/2
	bristles := uint64(dice.Uint32())
	reach := int(half + wide + 1)
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			px, py := x+dx, y+dy
			if px < 0 || py < 0 || px >= out.w || py >= out.h {
				continue
			}
			along := float32(float64(dx)*cos + float64(dy)*sin)
			across := float32(float64(dy)*cos - float64(dx)*sin)
			if abs(along) > half || abs(across) > wide {
				continue
			}
			hair := noise(bristles).at(across*1.7, along*0.05)
			a := smooth(wide, wide*0.55, abs(across)) * smooth(half, half*0.7, abs(along)) * (0.55 + 0.45*hair)
			out.set(px, py, out.at(px, py).mix(c.scale(0.9+0.2*hair), a))
		}
	}
}

// varnish lights the relief of the paint and lets the canvas through.
func (p *painter) varnish() {
	l := p.sheet.luma()
	weave := max(2, p.unit(0.0017))
	p.sheet.each(func(x, y int, c rgb) rgb {
		relief := l.near(x+1, y+1) - l.near(x-1, y-1)
		c = c.add(rgb{1, 1, 1}, max(-20, min(relief*0.35, 20)))
		if (x/weave+y/weave)%2 == 0 {
			return c.scale(0.975)
		}
		return c
	})
}
