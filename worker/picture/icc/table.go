package icc

import (
	"encoding/binary"
	"fmt"
)

// table converts CMYK to CIE L*a*b* under D50: a curve for each channel, a grid
// of colours in four dimensions, and a curve for each number of a colour.
type table struct {
	points int // of the grid, along each channel
	in     [4][]float64
	grid   [][3]float64 // black changes fastest
	out    [3][]float64
	lab    func([3]float64) [3]float64 // of numbers from 0 to 1
}

const channels = 4

// cmyk reads the table of a printer: the colorimetric one where there is a
// choice.
func (t tags) cmyk() (*Profile, error) {
	b, known := t["A2B1"]
	if !known {
		b, known = t["A2B0"]
	}
	if !known || len(b) < 52 {
		return nil, fmt.Errorf("%w: no table", ErrUnsupported)
	}
	kind := string(b[:4])
	if kind != "mft1" && kind != "mft2" {
		return nil, fmt.Errorf("%w: table %q", ErrUnsupported, kind)
	}
	if b[8] != channels || b[9] != 3 {
		return nil, fmt.Errorf("%w: %d channels, %d numbers", ErrUnsupported, b[8], b[9])
	}
	tab, err := readTable(b, kind == "mft2")
	return &Profile{table: tab}, err
}

// readTable reads a lut16Type, which is wide, or a lut8Type.
func readTable(b []byte, wide bool) (*table, error) {
	t := &table{points: int(b[10]), lab: func(v [3]float64) [3]float64 {
		return [3]float64{v[0] * 100, v[1]*255 - 128, v[2]*255 - 128}
	}}
	rest, inEntries, outEntries := b[48:], 256, 256
	if wide {
		inEntries, outEntries = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:]))
		rest = b[52:]
		t.lab = func(v [3]float64) [3]float64 { // 0xff00 is 100, and 0x8000 none
			return [3]float64{v[0] * 6553500 / 65280, v[1]*65535/256 - 128, v[2]*65535/256 - 128}
		}
	}
	nodes := t.points * t.points * t.points * t.points
	numbers := channels*inEntries + 3*nodes + 3*outEntries
	size := 1
	if wide {
		size = 2
	}
	if t.points < 2 || inEntries < 2 || outEntries < 2 || numbers*size > len(rest) {
		return nil, errBroken
	}
	next := func() float64 {
		v := float64(rest[0]) / 255
		if wide {
			v = float64(binary.BigEndian.Uint16(rest)) / 65535
		}
		rest = rest[size:]
		return v
	}
	for i := range t.in {
		t.in[i] = series(inEntries, next)
	}
	t.grid = make([][3]float64, nodes)
	for i := range t.grid {
		t.grid[i] = [3]float64{next(), next(), next()}
	}
	for i := range t.out {
		t.out[i] = series(outEntries, next)
	}
	return t, nil
}

func series(n int, next func() float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = next()
	}
	return out
}

// at looks v, 0…1, up among samples that are evenly spaced.
func at(samples []float64, v float64) float64 {
	x := clamp(v) * float64(len(samples)-1)
	i := min(int(x), len(samples)-2)
	return samples[i] + (x-float64(i))*(samples[i+1]-samples[i])
}

// color is L*a*b* of an amount of each channel, 0…1.
func (t *table) color(amounts [channels]float64) [3]float64 {
	var place [channels]int
	var part [channels]float64
	for i := range amounts {
		x := at(t.in[i], amounts[i]) * float64(t.points-1)
		place[i] = min(int(x), t.points-2)
		part[i] = x - float64(place[i])
	}
	var sum [3]float64
	for corner := range 1 << channels {
		node, weight := 0, 1.0
		for i := range channels {
			upper := corner >> i & 1
			node = node*t.points + place[i] + upper
			if upper == 1 {
				weight *= part[i]
			} else {
				weight *= 1 - part[i]
			}
		}
		for ch, v := range t.grid[node] {
			sum[ch] += weight * v
		}
	}
	for ch, v := range sum {
		sum[ch] = at(t.out[ch], v)
	}
	return t.lab(sum)
}
