package icc

import (
	"encoding/binary"
	"math"
)

// curve maps a channel, 0…1, to linear light.
type curve func(float64) float64

// tableCurve reads a curveType: nothing, a gamma or samples.
func tableCurve(b []byte) (curve, error) {
	n := int64(binary.BigEndian.Uint32(b[8:]))
	if 12+2*n > int64(len(b)) {
		return nil, errBroken
	}
	samples := b[12 : 12+2*n]
	switch n {
	case 0:
		return func(v float64) float64 { return v }, nil
	case 1:
		gamma := float64(binary.BigEndian.Uint16(samples)) / 256
		return func(v float64) float64 { return math.Pow(v, gamma) }, nil
	}
	at := func(i int64) float64 { return float64(binary.BigEndian.Uint16(samples[2*i:])) / 65535 }
	return func(v float64) float64 {
		x := v * float64(n-1)
		i := min(int64(x), n-2)
		return at(i) + (x-float64(i))*(at(i+1)-at(i))
	}, nil
}

// parametricCurve reads a parametricCurveType. Every kind is the same
// formula with some of its seven parameters left out.
func parametricCurve(b []byte) (curve, error) {
	kind := int(binary.BigEndian.Uint16(b[8:]))
	counts := [...]int{1, 3, 4, 5, 7}
	if kind >= len(counts) || len(b) < 12+4*counts[kind] {
		return nil, errBroken
	}
	var p [7]float64
	for i := range counts[kind] {
		p[i] = fixed(b[12+4*i:])
	}
	gamma, a, add, c, from, high, low := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	switch kind {
	case 0:
		a, add, c, from = 1, 0, 0, 0
	case 1, 2:
		if a == 0 {
			return nil, errBroken
		}
		c, from, high, low = 0, -add/a, p[3], p[3]
	}
	return func(v float64) float64 {
		if v >= from {
			return math.Pow(a*v+add, gamma) + high
		}
		return c*v + low
	}, nil
}
