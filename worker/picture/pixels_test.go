package picture

import (
	"image"
	"image/color"
	"image/draw"
	"testing"
)

// seeThrough is red, nothing, blue and half a blue.
func seeThrough() *image.NRGBA64 {
	img := image.NewNRGBA64(image.Rect(0, 0, 160, 100))
	for i, c := range []color.Color{
		color.NRGBA{220, 30, 30, 255}, color.NRGBA{}, color.NRGBA{30, 30, 220, 255}, color.NRGBA{30, 30, 220, 128},
	} {
		x, y := i%2*80, i/2*50
		draw.Draw(img, image.Rect(x, y, x+80, y+50), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

// as paints a picture in the pixels of another kind.
func as(dst draw.Image, src image.Image) image.Image {
	draw.Draw(dst, dst.Bounds(), src, src.Bounds().Min, draw.Src)
	return dst
}

func TestEveryKindOfPixelEndsAsItLooks(t *testing.T) {
	t.Parallel()
	r := image.Rect(0, 0, 160, 100)
	opaque, shown := quadrants(160, 100), seeThrough()
	plain := [4]color.RGBA{{220, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 220, 255}, {250, 250, 250, 255}}
	onWhite := [4]color.RGBA{{220, 30, 30, 255}, {255, 255, 255, 255}, {30, 30, 220, 255}, {142, 142, 237, 255}}
	palette := color.Palette{plain[0], plain[1], plain[2], plain[3]}
	holes := color.Palette{onWhite[0], color.NRGBA{}, onWhite[2], color.NRGBA{30, 30, 220, 128}}
	gray := [4]color.RGBA{{86, 86, 86, 255}, {130, 130, 130, 255}, {52, 52, 52, 255}, {250, 250, 250, 255}}
	for name, c := range map[string]struct {
		raw  []byte
		want [4]color.RGBA
	}{
		"JPEG":                    {jpegOf(t, opaque), plain},
		"progressive JPEG":        {file(t, "progressive.jpg"), plain},
		"gray JPEG":               {jpegOf(t, as(image.NewGray(r), opaque)), gray},
		"PNG":                     {pngOf(t, opaque), plain},
		"PNG of 16 bits":          {pngOf(t, as(image.NewRGBA64(r), opaque)), plain},
		"PNG of a palette":        {pngOf(t, as(image.NewPaletted(r, palette), opaque)), plain},
		"gray PNG":                {pngOf(t, as(image.NewGray(r), opaque)), gray},
		"gray PNG of 16 bits":     {pngOf(t, as(image.NewGray16(r), opaque)), gray},
		"alpha":                   {pngOf(t, as(image.NewNRGBA(r), shown)), onWhite},
		"alpha of 16 bits":        {pngOf(t, shown), onWhite},
		"a palette that is clear": {pngOf(t, as(image.NewPaletted(r, holes), shown)), onWhite},
		"alpha, interlaced":       {file(t, "interlaced.png"), onWhite},
		"gray and alpha": {
			file(t, "gray-alpha.png"), [4]color.RGBA{{109, 109, 109, 255}, {255, 255, 255, 255}, {81, 81, 81, 255}, {168, 168, 168, 255}},
		},
	} {
		p, err := normalise(t, c.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img := decoded(t, p.JPEG)
		for i, want := range c.want {
			if got := img.At(40+i%2*80, 25+i/2*50); !near(got, want, 4) {
				red, green, blue, _ := got.RGBA()
				t.Errorf("%s, quarter %d: %d %d %d, want %v", name, i, red>>8, green>>8, blue>>8, want)
			}
		}
	}
}

func TestProgressiveFilesAreWholeOrRefused(t *testing.T) {
	t.Parallel()
	whole := file(t, "progressive.jpg")
	for cut := len(whole) / 4; cut < len(whole)-2; cut += 37 {
		if _, err := normalise(t, whole[:cut]); err == nil {
			t.Errorf("cut at %d of %d: half of its passes would be kept", cut, len(whole))
		}
	}
}
