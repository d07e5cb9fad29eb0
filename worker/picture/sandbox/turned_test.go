package sandbox

import (
	"bytes"
	"encoding/binary"
	"image"
	"strings"
	"testing"
)

// dressed gives every picture of a file by heif-enc more properties, behind
// those that it has.
func dressed(raw []byte, properties ...[]byte) []byte {
	out := bytes.Clone(raw)
	at := func(kind string) int { return bytes.Index(out, []byte(kind)) - 4 }
	grow := func(kind string, by int) {
		b := out[at(kind):]
		binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+uint32(by))
	}
	var all []byte
	for _, p := range properties {
		all = append(all, p...)
	}
	there := 0
	for _, kind := range []string{"hvcC", "ispe", "pixi", "auxC"} {
		there += bytes.Count(out[at("ipco"):at("ipma")], []byte(kind))
	}
	ipmaAt := at("ipma")
	ipmaEnd := ipmaAt + int(binary.BigEndian.Uint32(out[ipmaAt:]))
	ipma := bytes.Clone(out[ipmaAt : ipmaAt+16])
	for b := out[ipmaAt+16 : ipmaEnd]; len(b) > 0; b = b[3+b[2]:] {
		entry := bytes.Clone(b[:3+b[2]])
		entry[2] += byte(len(properties))
		for i := range properties {
			entry = append(entry, 0x80|byte(there+1+i))
		}
		ipma = append(ipma, entry...)
	}
	binary.BigEndian.PutUint32(ipma, uint32(len(ipma)))
	ipmaGrew := len(ipma) - (ipmaEnd - ipmaAt)
	grow("meta", len(all)+ipmaGrew)
	grow("iprp", len(all)+ipmaGrew)
	grow("ipco", len(all))
	iloc := out[at("iloc"):]
	for i := range int(binary.BigEndian.Uint16(iloc[14:])) {
		base := iloc[16+18*i+4:]
		binary.BigEndian.PutUint32(base, binary.BigEndian.Uint32(base)+uint32(len(all)+ipmaGrew))
	}
	return append(append(append(bytes.Clone(out[:ipmaAt]), all...), ipma...), out[ipmaEnd:]...)
}

// irot turns a picture to the left by quarters.
func irot(quarters byte) []byte { return []byte{0, 0, 0, 9, 'i', 'r', 'o', 't', quarters} }

// imir exchanges top and bottom by 0, left and right by 1.
func imir(mode byte) []byte { return []byte{0, 0, 0, 9, 'i', 'm', 'i', 'r', mode} }

// nclx names colours by the numbers of H.273.
func nclx(primaries, transfer, matrix byte) []byte {
	return []byte{0, 0, 0, 19, 'c', 'o', 'l', 'r', 'n', 'c', 'l', 'x', 0, primaries, 0, transfer, 0, matrix, 0x80}
}

// Display P3 without a profile: what Little CMS makes of it. The photo's mask
// has the name too, and is none the different.
func heicIsConvertedByTheNameOfItsColours(t *testing.T, s *Sandbox) {
	_, img := normalise(t, s, dressed(file(t, "alpha.heic"), nclx(12, 13, 6)))
	if !near(img.At(40, 25), 240, 0, 0) || !near(img.At(120, 25), 255, 255, 255) || !near(img.At(40, 75), 30, 30, 229) {
		t.Errorf("colours %v %v %v", img.At(40, 25), img.At(120, 25), img.At(40, 75))
	}
	if _, img := normalise(t, s, dressed(file(t, "quadrants.heic"), nclx(1, 13, 6))); corners(img) != "rgbw" {
		t.Errorf("sRGB by name became %s", corners(img))
	}
}

// clap crops a picture to the middle and that far to the left and up of it.
func clap(width, height, left, up uint32) []byte {
	b := []byte{0, 0, 0, 40, 'c', 'l', 'a', 'p'}
	for _, v := range []uint32{width, 1, height, 1, -left, 1, -up, 1} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func croppedHEICIsTheSizeThatItShows(t *testing.T, s *Sandbox) {
	p, img := normalise(t, s, dressed(file(t, "quadrants.heic"), clap(80, 66, 40, 17), irot(1)))
	if size := image.Pt(66, 80); p.Width != size.X || p.Height != size.Y || img.Bounds().Size() != size {
		t.Errorf("told %d × %d, is %v, want %v", p.Width, p.Height, img.Bounds(), size)
	}
	if c := img.At(20, 40); !near(c, 220, 30, 30) {
		t.Errorf("the upper left is cut off: %v", c)
	}
}

// corners names the colours of the four quadrants.
func corners(img image.Image) string {
	var out []byte
	size := img.Bounds().Size()
	for _, q := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		c := img.At(size.X*q.X/4, size.Y*q.Y/4)
		switch {
		case near(c, 220, 30, 30):
			out = append(out, 'r')
		case near(c, 30, 200, 30):
			out = append(out, 'g')
		case near(c, 30, 30, 220):
			out = append(out, 'b')
		case near(c, 250, 250, 250):
			out = append(out, 'w')
		default:
			out = append(out, '?')
		}
	}
	return string(out)
}

// What a file says of its turning is done in its order, once, and what its
// EXIF says beside is not: HEIF has it so.
func heicIsTurnedOnce(t *testing.T, s *Sandbox) {
	for name, c := range map[string]struct {
		how  [][]byte
		want string
	}{
		"as it is": {nil, "rgbw"}, "a quarter": {[][]byte{irot(1)}, "gwrb"}, "half": {[][]byte{irot(2)}, "wbgr"}, "three": {[][]byte{irot(3)}, "brwg"},
		"top and bottom": {[][]byte{imir(0)}, "bwrg"}, "left and right": {[][]byte{imir(1)}, "grwb"},
		"turned, then mirrored":   {[][]byte{irot(1), imir(1)}, "wgbr"},
		"mirrored, then turned":   {[][]byte{imir(1), irot(1)}, "rbgw"},
		"turned, then upset":      {[][]byte{irot(3), imir(0)}, "wgbr"},
		"upset, then turned":      {[][]byte{imir(0), irot(3)}, "rbgw"},
		"half, mirrored and back": {[][]byte{irot(2), imir(0), imir(1)}, "rgbw"},
	} {
		for _, of := range []string{"quadrants.heic", "quadrants-exif.heic"} {
			p, img := normalise(t, s, dressed(file(t, of), c.how...))
			size := image.Pt(100, 160)
			if strings.Contains("rg gr bw wb", c.want[:2]) {
				size = image.Pt(160, 100)
			}
			if got := corners(img); got != c.want || p.Width != size.X || p.Height != size.Y || img.Bounds().Size() != size {
				t.Errorf("%s, %s: corners %s, want %s; told %d × %d, is %v", name, of, got, c.want, p.Width, p.Height, img.Bounds())
			}
		}
	}
	_, img := normalise(t, s, dressed(file(t, "alpha.heic"), irot(1), imir(0)))
	if c := img.At(25, 120); !near(c, 255, 255, 255) {
		t.Errorf("a mask is not turned with its photo: %v", c)
	}
}
