package painter

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// pen draws shapes in units of the picture: x and y run 0…1.
type pen struct {
	img  *image.RGBA
	w, h float32
	pal  palette
	n    noise
	dice *rand.Rand
}

type pt struct{ x, y float32 }

func newPen(w, h int, pal palette, n noise) *pen {
	return &pen{
		img: image.NewRGBA(image.Rect(0, 0, w, h)), w: float32(w), h: float32(h), pal: pal, n: n,
		dice: rand.New(rand.NewPCG(uint64(n), 7)),
	}
}

// ratio is how many x units make one y unit, so that circles are round.
func (p *pen) ratio() float32 { return p.h / p.w }

func (c rgb) alpha(a float32) color.NRGBA {
	return color.NRGBA{clip(c.r), clip(c.g), clip(c.b), clip(a * 255)}
}

// sky fills everything with a gradient from top to bottom.
func (p *pen) sky(stops ...rgb) {
	pal := palette(stops)
	for y := range p.img.Rect.Dy() {
		c := pal.at(float32(y) / p.h)
		row := p.img.Pix[y*p.img.Stride:][:p.img.Rect.Dx()*4]
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = clip(c.r), clip(c.g), clip(c.b), 255
		}
	}
}

// poly fills a polygon; only its bounding box is rasterised.
func (p *pen) poly(c rgb, a float32, pts ...pt) {
	box := image.Rectangle{Min: image.Pt(math.MaxInt32, math.MaxInt32), Max: image.Pt(math.MinInt32, math.MinInt32)}
	for _, q := range pts {
		x, y := int(q.x*p.w), int(q.y*p.h)
		box.Min.X, box.Min.Y = min(box.Min.X, x-1), min(box.Min.Y, y-1)
		box.Max.X, box.Max.Y = max(box.Max.X, x+2), max(box.Max.Y, y+2)
	}
	box = box.Intersect(p.img.Rect)
	if box.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	ox, oy := float32(box.Min.X), float32(box.Min.Y)
	for i, q := range pts {
		if i == 0 {
			r.MoveTo(q.x*p.w-ox, q.y*p.h-oy)
		} else {
			r.LineTo(q.x*p.w-ox, q.y*p.h-oy)
		}
	}
	r.ClosePath()
	r.DrawOp = draw.Over
	r.Draw(p.img, box, image.NewUniform(c.alpha(a)), image.Point{})
}

func (p *pen) rect(c rgb, a, x0, y0, x1, y1 float32) {
	p.poly(c, a, pt{x0, y0}, pt{x1, y0}, pt{x1, y1}, pt{x0, y1})
}

// disc is round on every aspect; r is in units of the height.
func (p *pen) disc(c rgb, a, x, y, r float32) { p.oval(c, a, x, y, r*p.ratio(), r) }

func (p *pen) oval(c rgb, a, x, y, rx, ry float32) {
	const n = 48
	pts := make([]pt, n)
	for i := range pts {
		s, k := math.Sincos(2 * math.Pi * float64(i) / n)
		pts[i] = pt{x + rx*float32(k), y + ry*float32(s)}
	}
	p.poly(c, a, pts...)
}

// glow is a disc that fades out.
func (p *pen) glow(c rgb, a, x, y, r float32) {
	for i := range 14 {
		p.disc(c, a/14, x, y, r*(1-float32(i)/14))
	}
}

// line is a stroke of constant width, in units of the height.
func (p *pen) line(c rgb, a, width float32, from, to pt) {
	dx, dy := (to.x-from.x)*p.w, (to.y-from.y)*p.h
	l := float32(math.Hypot(float64(dx), float64(dy)))
	if l == 0 {
		return
	}
	nx, ny := -dy/l*width*p.h/2/p.w, dx/l*width/2
	p.poly(c, a, pt{from.x + nx, from.y + ny}, pt{to.x + nx, to.y + ny}, pt{to.x - nx, to.y - ny}, pt{from.x - nx, from.y - ny})
}

// ridge fills everything below a skyline of height f(x), in steps.
func (p *pen) ridge(c rgb, a float32, f func(x float32) float32) {
	const n = 220
	pts := make([]pt, 0, n+3)
	for i := range n + 1 {
		x := float32(i) / n
		pts = append(pts, pt{x, f(x)})
	}
	p.poly(c, a, append(pts, pt{1, 1.01}, pt{0, 1.01})...)
}

// hills is a ridge of smooth noise around base.
func (p *pen) hills(c rgb, base, amp, freq float32, layer uint64) {
	n := p.n.with(layer)
	p.ridge(c, 1, func(x float32) float32 { return base - amp*(n.fractal(x*freq+3, 0.5, 4)-0.4)*2 })
}

// haze lays colour over a band, strongest at its lower edge.
func (p *pen) haze(c rgb, a, y0, y1 float32) {
	top, bottom := int(y0*p.h), int(y1*p.h)
	for y := max(0, top); y < min(bottom, p.img.Rect.Dy()); y++ {
		t := float32(y-top) / float32(bottom-top)
		k := a * t * t
		row := p.img.Pix[y*p.img.Stride:][:p.img.Rect.Dx()*4]
		for i := 0; i < len(row); i += 4 {
			row[i] = clip(float32(row[i]) + (c.r-float32(row[i]))*k)
			row[i+1] = clip(float32(row[i+1]) + (c.g-float32(row[i+1]))*k)
			row[i+2] = clip(float32(row[i+2]) + (c.b-float32(row[i+2]))*k)
		}
	}
}

// mirror reflects what is above y0 into the water below it.
func (p *pen) mirror(y0 float32, tint rgb, share float32) {
	edge := int(y0 * p.h)
	w := p.img.Rect.Dx()
	for y := edge; y < p.img.Rect.Dy(); y++ {
		depth := float32(y-edge) / p.h
		from := max(0, edge-1-int(float32(y-edge)*1.15))
		shift := int((p.n.with(99).at(float32(y)*0.35, 1) - 0.5) * p.w * 0.03 * (0.3 + depth*2))
		src, dst := p.img.Pix[from*p.img.Stride:], p.img.Pix[y*p.img.Stride:]
		k := share * (1 - depth*0.8)
		for x := range w {
			i, j := x*4, max(0, min(x+shift, w-1))*4
			dst[i] = clip(tint.r + (float32(src[j])-tint.r)*k)
			dst[i+1] = clip(tint.g + (float32(src[j+1])-tint.g)*k)
			dst[i+2] = clip(tint.b + (float32(src[j+2])-tint.b)*k)
			dst[i+3] = 255
		}
	}
}

// stars sprinkles points of light above y1.
func (p *pen) stars(c rgb, count int, y1 float32) {
	for range count {
		x, y := p.dice.Float32(), p.dice.Float32()*y1
		p.disc(c, 0.35+0.6*p.dice.Float32(), x, y, 0.0008+0.002*p.dice.Float32()*p.dice.Float32())
	}
}

// roll draws a number between lo and hi.
func (p *pen) roll(lo, hi float32) float32 { return lo + (hi-lo)*p.dice.Float32() }

// done gives what was drawn.
func (p *pen) done() *sheet {
	s := newSheet(p.img.Rect.Dx(), p.img.Rect.Dy())
	for i := range s.w * s.h {
		copy(s.p[i*3:i*3+3], p.img.Pix[i*4:])
	}
	return s
}
