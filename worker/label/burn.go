package label

import "image"

// The plate darkens what is below it, the letters are near white: legible on
// every background, and far enough apart for Check to find after any JPEG.
const (
	plateOpacity = 0.62
	plateLuma    = 22
	letterLuma   = 246
)

// burn draws the mark into the picture's planes, without a detour over RGB.
func (m *mark) burn(p *image.YCbCr) {
	area := m.plate.Intersect(p.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			gx, gy := x-m.plate.Min.X, y-m.plate.Min.Y
			c := m.cover(gx, gy)
			if c == 0 {
				continue
			}
			letter := float64(m.glyphs.AlphaAt(gx, gy).A) / 255
			i := p.YOffset(x, y)
			v := float64(p.Y[i])
			v += (plateLuma - v) * plateOpacity * c
			v += (letterLuma - v) * letter
			p.Y[i] = byte(v + 0.5)
			if x&1 == 0 && y&1 == 0 {
				fade(p, x, y, max(plateOpacity*c, letter))
			}
		}
	}
}

// fade takes colour out of the chroma sample at (x, y).
func fade(p *image.YCbCr, x, y int, share float64) {
	i := p.COffset(x, y)
	p.Cb[i] = byte(float64(p.Cb[i]) + (128-float64(p.Cb[i]))*share + 0.5)
	p.Cr[i] = byte(float64(p.Cr[i]) + (128-float64(p.Cr[i]))*share + 0.5)
}

// visible reports whether the mark stands in the picture: letters brighter
// than the plate around them by a wide margin, nearly everywhere.
func (m *mark) visible(p *image.YCbCr) bool {
	if !m.plate.In(p.Rect) {
		return false
	}
	var letters, bright, ground, dark int
	for y := m.plate.Min.Y; y < m.plate.Max.Y; y++ {
		for x := m.plate.Min.X; x < m.plate.Max.X; x++ {
			gx, gy := x-m.plate.Min.X, y-m.plate.Min.Y
			v := p.Y[p.YOffset(x, y)]
			switch a := m.glyphs.AlphaAt(gx, gy).A; {
			case a > 230:
				letters++
				if v > 200 {
					bright++
				}
			case a == 0 && m.cover(gx, gy) == 1:
				ground++
				if v < 150 {
					dark++
				}
			}
		}
	}
	return letters > 0 && ground > 0 && bright*10 > letters*9 && dark*10 > ground*9
}
