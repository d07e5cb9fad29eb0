package sandbox

import (
	"bytes"
	"image"
	"os"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/worker/picture"
)

// boxOf has one decoder; a test that needs libheif is skipped without.
func boxOf(t testing.TB, h HEIF) *Sandbox {
	t.Helper()
	s := box(t, func(c *Config) { c.HEIF = h })
	if _, err := Choose(t.Context(), s.cfg.Program, h); err != nil {
		t.Skipf("install the package libheif1 to test the native decoder: %v", err)
	}
	return s
}

// Whatever decodes, the same is asked of it.
func TestDecodersAreHeldToOneSuite(t *testing.T) {
	t.Parallel()
	for _, h := range []HEIF{WASM, Native} {
		t.Run(string(h), func(t *testing.T) {
			t.Parallel()
			s := boxOf(t, h)
			t.Run("HEICEndsAsItLooks", func(t *testing.T) { heicEndsAsItLooks(t, s) })
			t.Run("WebPIsDecodedThereToo", func(t *testing.T) { webpIsDecodedThereToo(t, s) })
			t.Run("PhonesEndUprightSmallAndInTheirColours", func(t *testing.T) { phonesEndWell(t, s) })
			t.Run("ADamagedPhotoEndsItsOwnJobOnly", func(t *testing.T) { damageEndsItsOwnJobOnly(t, s) })
			t.Run("WhateverIsWrongTheNextIsDecoded", func(t *testing.T) { theNextIsDecoded(t, s) })
		})
	}
}

func heicEndsAsItLooks(t *testing.T, s *Sandbox) {
	for _, name := range []string{"quadrants.heic", "quadrants-10bit.heic"} {
		p, img := normalise(t, s, file(t, name))
		if p.ContentType != "image/heic" || p.Width != 160 || p.Height != 100 || img.Bounds().Size() != image.Pt(160, 100) {
			t.Errorf("%s: %s, told %d × %d, is %v", name, p.ContentType, p.Width, p.Height, img.Bounds())
		}
		if !near(img.At(40, 25), 220, 30, 30) || !near(img.At(120, 25), 30, 200, 30) || !near(img.At(40, 75), 30, 30, 220) || !near(img.At(120, 75), 250, 250, 250) {
			t.Errorf("%s: colours %v %v %v %v", name, img.At(40, 25), img.At(120, 25), img.At(40, 75), img.At(120, 75))
		}
	}
}

func webpIsDecodedThereToo(t *testing.T, s *Sandbox) {
	for _, name := range []string{"lossless.webp", "lossy-alpha.webp"} {
		if _, img := normalise(t, s, file(t, name)); !near(img.At(40, 25), 220, 30, 30) {
			t.Errorf("%s: red became %v", name, img.At(40, 25))
		}
	}
}

// The averages are those of heif-convert and ImageMagick with Little CMS.
// Without the conversion, blue is three to five levels off.
func phonesEndWell(t *testing.T, s *Sandbox) {
	for name, want := range map[string]struct {
		size   [4]int
		colour [3]float64
	}{
		"heic-orientation-6.heic": {[4]int{3024, 4032, 1536, 2048}, [3]float64{150.0, 122.4, 91.8}},
		"heic-24bit-exif.heic":    {[4]int{4032, 3024, 2048, 1536}, [3]float64{58.9, 58.3, 43.9}},
		"heic-24bit.heic":         {size: [4]int{1440, 960, 1440, 960}},
		"heic-ftypmsf1.heic":      {size: [4]int{1280, 720, 1280, 720}},
	} {
		p, img := normalise(t, s, phone(t, name))
		if got := [4]int{p.Width, p.Height, img.Bounds().Dx(), img.Bounds().Dy()}; got != want.size || !picture.Bare(p.JPEG) {
			t.Errorf("%s: %v, want %v", name, got, want.size)
		}
		if want.colour == [3]float64{} {
			continue
		}
		got := average(img)
		for ch := range got {
			if d := got[ch] - want.colour[ch]; d > 1.5 || d < -1.5 {
				t.Errorf("%s: %.1f, want %.1f", name, got, want.colour)
				break
			}
		}
	}
}

func average(img image.Image) (sum [3]float64) {
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := img.At(x, y).RGBA()
			sum[0], sum[1], sum[2] = sum[0]+float64(r>>8), sum[1]+float64(g>>8), sum[2]+float64(bl>>8)
		}
	}
	for ch := range sum {
		sum[ch] /= float64(b.Dx() * b.Dy())
	}
	return sum
}

// claim rewrites the size that a small photo says it has.
func claim(raw []byte, width, height string) []byte {
	return bytes.Replace(raw, []byte("ispe\x00\x00\x00\x00\x00\x00\x00\xa0\x00\x00\x00\x64"), []byte("ispe\x00\x00\x00\x00"+width+height), 1)
}

func damageEndsItsOwnJobOnly(t *testing.T, s *Sandbox) {
	n := picture.New(picture.Defaults(), s)
	good := file(t, "quadrants.heic")
	for name, c := range map[string]struct {
		raw  []byte
		code string
	}{
		"cut in half": {good[:len(good)/2], "photo_broken"}, "cut in the boxes": {good[:100], "photo_broken"},
		"60000²":                 {claim(good, "\x00\x00\xea\x60", "\x00\x00\xea\x60"), "too_many_pixels"},
		"a size that it has not": {claim(good, "\x00\x00\x10\x00", "\x00\x00\x10\x00"), ""},
	} {
		p, err := n.Normalise(t.Context(), c.raw, picture.Limits{})
		if c.code != "" && fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if err == nil && max(p.Width, p.Height) > 4096 {
			t.Errorf("%s: %d × %d", name, p.Width, p.Height)
		}
	}
	_, err := n.Normalise(t.Context(), file(t, "gradient-48mp.heic"), picture.Limits{})
	if got := fault.CodeOf(err) == "photo_heic_too_large"; got != (s.MaxPixels() < 48_000_000) || err != nil && !got {
		t.Errorf("48 MP: %v", err)
	}
	if _, err := n.Normalise(t.Context(), good, picture.Limits{}); err != nil {
		t.Errorf("the next photo: %v", err)
	}
}

// Every byte of the boxes and some of the pixels are made wrong in turn.
func theNextIsDecoded(t *testing.T, s *Sandbox) {
	n := picture.New(picture.Defaults(), s)
	good := file(t, "quadrants.heic")
	for at := 0; at < len(good); at += 19 {
		raw := bytes.Clone(good)
		raw[at] ^= 0x5a
		if _, err := n.Normalise(t.Context(), raw, picture.Limits{}); err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("wrong at %d: %v", at, err)
		}
	}
	if _, err := n.Normalise(t.Context(), good, picture.Limits{}); err != nil {
		t.Errorf("the next photo: %v", err)
	}
}

func TestWhatIsAskedForIsChosenFromWhatThereIs(t *testing.T) {
	t.Parallel()
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if h, err := Choose(t.Context(), here, WASM); h != WASM || err != nil {
		t.Error(h, err)
	}
	if h, err := Choose(t.Context(), "/bin/false", Auto); h != WASM || err != nil {
		t.Error(h, err)
	}
	if h, err := Choose(t.Context(), "/bin/false", Native); err == nil {
		t.Errorf("chose %s", h)
	}
	for h, ok := range map[HEIF]bool{WASM: true, Native: true, Auto: true, "": false, "fast": false} {
		if err := h.Validate(); (err == nil) != ok {
			t.Errorf("%q: %v", h, err)
		}
	}
}
