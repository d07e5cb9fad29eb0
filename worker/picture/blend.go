package picture

import "encoding/binary"

// maxByteTaps is how many rows are blended with weights of a byte; the
// weights of more would be too coarse.
const maxByteTaps = 17

const (
	lanes   = 0x00ff00ff00ff00ff // every second sample of eight
	halves  = 0x0080008000800080 // for rounding, in every lane
	wordLen = 8
)

// columns gives the function that makes row y of height rows.
func (p plane) columns(height int) func(dst []byte, y int) {
	return columns(func(y int) []byte { return p.pix[y*p.stride:][:p.width] }, p.width, p.height, height)
}

// columns shrinks rows of so many bytes from one number to another. It asks
// for them in their order, as far as the taps of one allow.
func columns(row func(y int) []byte, width, from, to int) func(dst []byte, y int) {
	if from == to {
		return func(dst []byte, y int) { copy(dst, row(y)) }
	}
	if float64(from)/float64(to) > (maxByteTaps-1)/2 || width < wordLen {
		return wideColumns(row, width, from, to)
	}
	f := filter(from, to, 1<<8)
	rows := make([][]byte, 0, maxByteTaps)
	return func(dst []byte, y int) {
		rows = rows[:0]
		for k := range f[y].weight {
			rows = append(rows, row(f[y].first+k))
		}
		blendRows(dst, rows, f[y].weight)
	}
}

// blendRows adds up rows by weights in 1/256, eight samples at a time: four
// lanes of a word hold what a sum of 255 × 256 needs.
func blendRows(dst []byte, rows [][]byte, weights []uint32) {
	for x := 0; x < len(dst); x += wordLen {
		at := min(x, len(dst)-wordLen)
		even, odd := uint64(halves), uint64(halves)
		for k, row := range rows {
			v, w := binary.LittleEndian.Uint64(row[at:]), uint64(weights[k])
			even += v & lanes * w
			odd += v >> 8 & lanes * w
		}
		binary.LittleEndian.PutUint64(dst[at:], even>>8&lanes|odd&^uint64(lanes))
	}
}

// wideColumns blends any number of rows.
func wideColumns(row func(y int) []byte, width, from, to int) func(dst []byte, y int) {
	f := filter(from, to, 1<<16)
	sums := make([]uint32, width)
	return func(dst []byte, y int) {
		for i := range sums {
			sums[i] = 1 << 15
		}
		for k, w := range f[y].weight {
			for i, v := range row(f[y].first + k) {
				sums[i] += uint32(v) * w
			}
		}
		for i, s := range sums {
			dst[i] = byte(s >> 16)
		}
	}
}

// rows gives the function that shrinks a row to width samples.
func (p plane) rows(width int) func(dst, src []byte) {
	f := filter(p.width, width, 1<<16)
	if p.width/width < 2 && p.width >= 4 {
		return fourTaps(f, p.width)
	}
	return func(dst, src []byte) {
		for x, t := range f {
			var sum uint32 = 1 << 15
			for k, v := range src[t.first : t.first+len(t.weight)] {
				sum += uint32(v) * t.weight[k]
			}
			dst[x] = byte(sum >> 16)
		}
	}
}

// fourTaps is rows for filters that are never wider: those of photos of up
// to 16 megapixels.
func fourTaps(f []taps, width int) func(dst, src []byte) {
	type four struct{ first, a, b, c, d uint32 }
	all := make([]four, len(f))
	for i, t := range f {
		var w [4]uint32
		first := min(t.first, width-len(w)) // at the right edge the taps move, not the weights
		copy(w[t.first-first:], t.weight)
		all[i] = four{uint32(first), w[0], w[1], w[2], w[3]}
	}
	return func(dst, src []byte) {
		for x := range all {
			t := &all[x]
			s := src[t.first:][:4]
			dst[x] = byte((1<<15 + uint32(s[0])*t.a + uint32(s[1])*t.b + uint32(s[2])*t.c + uint32(s[3])*t.d) >> 16)
		}
	}
}
