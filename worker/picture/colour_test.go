package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/imgfleet/imgfleet/worker/picture/heif"
	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// swatch is a flat colour of 100 × 100.
func swatch(c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 100, 100))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func withProfile(jpeg, profile []byte) []byte {
	out := append([]byte{}, jpeg[:2]...)
	half := len(profile) / 2 // in two parts, the second first
	for _, part := range [][]byte{append([]byte{2, 2}, profile[half:]...), append([]byte{1, 2}, profile[:half]...)} {
		body := append([]byte("ICC_PROFILE\x00"), part...)
		out = append(out, 0xff, 0xe2)
		out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
		out = append(out, body...)
	}
	return append(out, jpeg[2:]...)
}

func deflated(b []byte) []byte {
	var z bytes.Buffer
	c := zlib.NewWriter(&z)
	_, _ = c.Write(b)
	_ = c.Close()
	return z.Bytes()
}

func TestColoursAreConvertedInEveryContainer(t *testing.T) {
	t.Parallel()
	adobe := phone(t, "adobe-rgb.icc")
	stored, want := color.RGBA{200, 100, 50, 255}, color.RGBA{227, 100, 42, 255} // by Little CMS
	canvas := riff("VP8X", []byte{0x20, 0, 0, 0, 159, 0, 0, 99, 0, 0})
	iphone, err := heif.Read(phone(t, "heic-24bit-exif.heic"))
	if err != nil {
		t.Fatal(err)
	}
	p3, shown := iphone.Profile, color.RGBA{215, 93, 31, 255}
	for name, c := range map[string]struct {
		raw  []byte
		want color.RGBA
	}{
		"JPEG":         {withProfile(jpegOf(t, swatch(stored)), adobe), want},
		"PNG":          {withChunk(pngOf(t, swatch(stored)), chunk("iCCP", append([]byte("x\x00\x00"), deflated(adobe)...))), want},
		"PNG by name":  {withChunk(pngOf(t, swatch(stored)), chunk("cICP", []byte{12, 13, 0, 1})), color.RGBA{215, 93, 31, 255}},
		"WebP":         {webpOf(append(append(canvas, riff("ICCP", adobe)...), file(t, "lossless.webp")[12:]...)), color.RGBA{255, 24, 24, 255}},
		"P3 in JPEG":   {withProfile(jpegOf(t, swatch(stored)), p3), shown},
		"P3 in PNG":    {withChunk(pngOf(t, swatch(stored)), chunk("iCCP", append([]byte("x\x00\x00"), deflated(p3)...))), shown},
		"P3 in WebP":   {webpOf(append(append(canvas, riff("ICCP", p3)...), file(t, "lossless.webp")[12:]...)), color.RGBA{240, 0, 0, 255}},
		"P3 of 16 bit": {withChunk(pngOf(t, as(image.NewRGBA64(image.Rect(0, 0, 100, 100)), swatch(stored))), chunk("iCCP", append([]byte("x\x00\x00"), deflated(p3)...))), shown},
		"no profile":   {jpegOf(t, swatch(stored)), stored},
		"broken":       {withProfile(jpegOf(t, swatch(stored)), adobe[:200]), stored},
		"another kind": {withProfile(jpegOf(t, image.NewGray(image.Rect(0, 0, 100, 100))), adobe), color.RGBA{0, 0, 0, 255}},
	} {
		p, err := normalise(t, c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := decoded(t, p.JPEG).At(25, 25); !near(got, c.want, 3) {
			r, g, b, _ := got.RGBA()
			t.Errorf("%s: became %d %d %d, want %v", name, r>>8, g>>8, b>>8, c.want)
		}
	}
}

func TestProfileBombsAreIgnored(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it deflates for minutes where races are looked for")
	}
	raw := withChunk(pngOf(t, swatch(color.White)), chunk("iCCP", append([]byte("x\x00\x00"), deflated(make([]byte, 64<<20))...)))
	if _, err := normalise(t, raw); err != nil {
		t.Error(err)
	}
	if got := len(pngProfile(append([]byte("x\x00\x00"), deflated(make([]byte, 64<<20))...))); got > icc.MaxBytes {
		t.Errorf("%d bytes were inflated", got)
	}
}

func BenchmarkConvert(b *testing.B) {
	p := image.NewYCbCr(image.Rect(0, 0, 2048, 1536), image.YCbCrSubsampleRatio420)
	t := icc.DisplayP3().SRGB()
	for b.Loop() {
		convert(p, t)
	}
}
