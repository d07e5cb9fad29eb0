package picturetest

import (
	"image"
	"math"
)

// SSIM compares brightness as Wang et al. do, over windows of 8 × 8: 1 is
// the same picture.
func SSIM(a, b image.Image) float64 {
	const (
		window = 8
		c1, c2 = 0.01 * 255 * 0.01 * 255, 0.03 * 255 * 0.03 * 255
	)
	size := a.Bounds().Size()
	x, y := brightness(a), brightness(b)
	var total, n float64
	for top := 0; top+window <= size.Y; top += window / 2 {
		for left := 0; left+window <= size.X; left += window / 2 {
			var sx, sy, xx, yy, xy float64
			for i := range window * window {
				at := (top+i/window)*size.X + left + i%window
				p, q := x[at], y[at]
				sx, sy, xx, yy, xy = sx+p, sy+q, xx+p*p, yy+q*q, xy+p*q
			}
			const k = window * window
			mx, my := sx/k, sy/k
			vx, vy, cov := xx/k-mx*mx, yy/k-my*my, xy/k-mx*my
			total += (2*mx*my + c1) * (2*cov + c2) / ((mx*mx + my*my + c1) * (vx + vy + c2))
			n++
		}
	}
	return total / n
}

func brightness(img image.Image) []float64 {
	b := img.Bounds()
	out := make([]float64, 0, b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			out = append(out, (0.299*float64(r)+0.587*float64(g)+0.114*float64(bl))/257)
		}
	}
	return out
}

// DeltaE tells how different the colours of two pictures are: the mean and
// the most of CIE76, over squares of 8 × 8. Noise and the coarser colours of a
// JPEG even out in them; what SSIM is for.
func DeltaE(a, b image.Image) (mean, most float64) {
	const square = 8
	var n float64
	for y := 0; y+square <= a.Bounds().Dy(); y += square {
		for x := 0; x+square <= a.Bounds().Dx(); x += square {
			p, q := lab(average(a, x, y, square)), lab(average(b, x, y, square))
			d := math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
			mean, most, n = mean+d, max(most, d), n+1
		}
	}
	return mean / n, most
}

// average is a square in linear sRGB.
func average(img image.Image, left, top, square int) (l [3]float64) {
	at := img.Bounds().Min.Add(image.Pt(left, top))
	for i := range square * square {
		r, g, b, _ := img.At(at.X+i%square, at.Y+i/square).RGBA()
		for ch, v := range []uint32{r, g, b} {
			c := float64(v) / 65535
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			l[ch] += c / float64(square*square)
		}
	}
	return l
}

// lab is linear sRGB in CIE L*a*b* under D65.
func lab(l [3]float64) [3]float64 {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	fx := f((0.4124564*l[0] + 0.3575761*l[1] + 0.1804375*l[2]) / 0.95047)
	fy := f(0.2126729*l[0] + 0.7151522*l[1] + 0.0721750*l[2])
	fz := f((0.0193339*l[0] + 0.1191920*l[1] + 0.9503041*l[2]) / 1.08883)
	return [3]float64{116*fy - 16, 500 * (fx - fy), 200 * (fy - fz)}
}
