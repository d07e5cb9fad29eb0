package icc

import (
	"encoding/binary"
	"math"
	"testing"
)

// printer is the profile of one whose black channel makes white darker and whose
// other channels do nothing, by a table of that kind and of so many points.
func printer(kind string, points int) []byte {
	const entries = 2
	b := append([]byte(kind+"\x00\x00\x00\x00"), channels, 3, byte(points), 0)
	b = append(b, make([]byte, 36)...)
	put := func(v uint16) { b = append(b, byte(v>>8)) }
	white, none := uint16(0xff00), uint16(0x8000)
	n := 256
	if kind == "mft2" {
		put = func(v uint16) { b = binary.BigEndian.AppendUint16(b, v) }
		n = entries
		put(entries)
		put(entries)
	}
	curves := func(count int) {
		for range count {
			for i := range n {
				put(uint16(i * 65535 / (n - 1)))
			}
		}
	}
	curves(channels)
	for i := range min(points*points*points*points, 1<<13) {
		put(uint16(int(white) * (points - 1 - i%points) / (points - 1)))
		put(none)
		put(none)
	}
	curves(3)
	return profile("CMYK", "Lab ", map[string][]byte{"A2B0": b})
}

func TestInksAreWhatTheirTableSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   string
		points int
	}{{"mft1", 2}, {"mft2", 3}, {"mft2", 2}} {
		p, err := Parse(printer(c.kind, c.points))
		if err != nil || !p.IsCMYK() {
			t.Fatal(c, err)
		}
		press := p.CMYK()
		for _, cmyk := range [][channels]byte{{}, {255, 255, 255, 0}, {0, 0, 0, 255}, {10, 200, 90, 128}, {3, 0, 255, 40}} {
			lightness := 1 - float64(cmyk[3])/255
			f := (lightness*100 + 16) / 116
			y := f * f * f
			if lightness <= 0.08 {
				y = lightness * 100 * 27 / 24389
			}
			want := int(math.Round(255 * encode(y)))
			r, g, b := press.RGB(cmyk[0], cmyk[1], cmyk[2], cmyk[3])
			for _, got := range []byte{r, g, b} {
				if d := int(got) - want; d > 2 || d < -2 {
					t.Errorf("%v: %v became %d %d %d, want %d", c, cmyk, r, g, b, want)
					break
				}
			}
		}
	}
}

// Between the knots every channel counts as far as it goes, whichever is most.
func TestInksAreMixedOneByOne(t *testing.T) {
	t.Parallel()
	p, err := Parse(printer("mft2", 2))
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.table.grid { // each channel darkens by a quarter
		n := float64(i&1 + i>>1&1 + i>>2&1 + i>>3&1)
		p.table.grid[i][0] = (1 - n/4) * 0xff00 / 0xffff
	}
	press := p.CMYK()
	before := byte(255)
	for v := 0; v < 256; v += 5 {
		a, _, _ := press.RGB(byte(v), byte(v/2), 0, byte(v/3))
		b, _, _ := press.RGB(byte(v/3), 0, byte(v), byte(v/2))
		if a != b || a > before {
			t.Errorf("at %d: %d and %d, after %d", v, a, b, before)
		}
		before = a
	}
}

func BenchmarkInks(b *testing.B) {
	p, err := Parse(printer("mft2", 9))
	if err != nil {
		b.Fatal(err)
	}
	press := p.CMYK()
	for i := 0; b.Loop(); i++ {
		press.RGB(byte(i), byte(i>>3), byte(i>>5), byte(i>>7))
	}
}
