package icc

import "math"

// knots is the resolution of the grid that CMYK colours are looked up in.
const knots = 17

// CMYK converts four 8-bit channels, of which 255 is the most, to sRGB. It is
// safe for concurrent use.
type CMYK struct {
	grid   [knots * knots * knots * knots][3]int32 // levels of sRGB, in 1/256
	knot   [256]int32
	behind [256]int32 // how far a level lies behind its knot, in 1/256
}

// IsCMYK reports whether the profile describes CMYK colours.
func (p *Profile) IsCMYK() bool { return p.table != nil }

// CMYK returns the conversion of a profile that IsCMYK.
func (p *Profile) CMYK() *CMYK {
	t := &CMYK{}
	fromXYZ := srgb().inverse()
	for i := range t.grid {
		var amounts [channels]float64
		for n, ch := i, channels-1; ch >= 0; n, ch = n/knots, ch-1 {
			amounts[ch] = float64(n%knots) / (knots - 1)
		}
		xyz := d50(p.table.color(amounts))
		for ch, row := range fromXYZ {
			v := clamp(row[0]*xyz[0] + row[1]*xyz[1] + row[2]*xyz[2])
			t.grid[i][ch] = int32(math.Round(255 * 256 * encode(v)))
		}
	}
	for v := range 256 {
		x := float64(v) * (knots - 1) / 255
		k := min(int(x), knots-2)
		t.knot[v], t.behind[v] = int32(k), int32(math.Round((x-float64(k))*256))
	}
	return t
}

// RGB converts one colour by simplex interpolation: from the knot below the
// colour to the knot above it, one channel after the other, the one with the
// largest fraction first.
func (t *CMYK) RGB(c, m, y, k byte) (r, g, b byte) {
	levels := [channels]byte{c, m, y, k}
	strides := [channels]int32{knots * knots * knots, knots * knots, knots, 1}
	var node int32
	var far [channels]int32
	for i, v := range levels {
		node += t.knot[v] * strides[i]
		far[i] = t.behind[v]
	}
	for i := 1; i < channels; i++ {
		for j := i; j > 0 && far[j] > far[j-1]; j-- {
			far[j], far[j-1], strides[j], strides[j-1] = far[j-1], far[j], strides[j-1], strides[j]
		}
	}
	var sum [3]int32
	add := func(weight int32) {
		v := &t.grid[node]
		sum[0], sum[1], sum[2] = sum[0]+weight*v[0], sum[1]+weight*v[1], sum[2]+weight*v[2]
	}
	add(256 - far[0])
	for i := range channels - 1 {
		node += strides[i]
		add(far[i] - far[i+1])
	}
	node += strides[channels-1]
	add(far[channels-1])
	round := func(v int32) byte { return byte((v + 1<<15) >> 16) }
	return round(sum[0]), round(sum[1]), round(sum[2])
}

// d50 is XYZ of L*a*b*, both under D50.
func d50(lab [3]float64) [3]float64 {
	y := (lab[0] + 16) / 116
	f := func(v float64) float64 {
		if v > 6.0/29 {
			return v * v * v
		}
		return (v - 16.0/116) * 3 * 6 * 6 / 29 / 29
	}
	return [3]float64{0.9642 * f(y+lab[1]/500), f(y), 0.8249 * f(y-lab[2]/200)}
}
