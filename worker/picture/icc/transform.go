package icc

import "math"

// steps is the resolution of linear light on the way back to sRGB: finer
// than a level even where the curve is steepest.
const steps = 1 << 13

// Transform converts 8-bit colours to sRGB. It may be used at once by any
// number of goroutines.
type Transform struct {
	linear  [3][256]float32
	matrix  [3][3]float32
	encoded [steps + 1]byte
}

// SRGB returns the conversion to sRGB, or nil when the profile's colours are
// sRGB's but for rounding.
func (p *Profile) SRGB() *Transform {
	t := &Transform{}
	for ch, curve := range p.curves {
		for v := range 256 {
			t.linear[ch][v] = float32(clamp(curve(float64(v) / 255)))
		}
	}
	m := matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	if !p.gray {
		m = srgb().inverse().times(p.matrix)
	}
	for i := range 3 {
		for j := range 3 {
			t.matrix[i][j] = float32(m[i][j])
		}
	}
	for i := range t.encoded {
		t.encoded[i] = byte(math.Round(255 * encode(float64(i)/steps)))
	}
	if t.idle() {
		return nil
	}
	return t
}

// RGB converts one colour. What sRGB cannot show is clipped.
func (t *Transform) RGB(r, g, b byte) (byte, byte, byte) {
	x, y, z := t.linear[0][r], t.linear[1][g], t.linear[2][b]
	return t.encode(t.matrix[0][0]*x + t.matrix[0][1]*y + t.matrix[0][2]*z),
		t.encode(t.matrix[1][0]*x + t.matrix[1][1]*y + t.matrix[1][2]*z),
		t.encode(t.matrix[2][0]*x + t.matrix[2][1]*y + t.matrix[2][2]*z)
}

func (t *Transform) encode(v float32) byte {
	switch {
	case v >= 1:
		return 255
	case v > 0:
		return t.encoded[int(v*steps+0.5)]
	default:
		return 0
	}
}

// idle reports whether no colour moves by more than a level.
func (t *Transform) idle() bool {
	near := func(a byte, b int) bool { return int(a)-b <= 1 && b-int(a) <= 1 }
	for r := 0; r <= 255; r += 15 {
		for g := 0; g <= 255; g += 15 {
			for b := 0; b <= 255; b += 15 {
				x, y, z := t.RGB(byte(r), byte(g), byte(b))
				if !near(x, r) || !near(y, g) || !near(z, b) {
					return false
				}
			}
		}
	}
	return true
}

// encode is the inverse of linear.
func encode(v float64) float64 {
	if v <= 0.0031308 {
		return v * 12.92
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

func clamp(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(1, max(0, v))
}
