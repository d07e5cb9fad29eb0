package sandbox

import (
	"bytes"
	"image"
	"os"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/picturetest"
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
			t.Run("GrayHEICEndsAsItLooks", func(t *testing.T) { grayEndsAsItLooks(t, s) })
			t.Run("TransparentHEICIsOnWhite", func(t *testing.T) { transparentIsOnWhite(t, s) })
			t.Run("HEICIsTurnedOnceByItsOwnBoxes", func(t *testing.T) { heicIsTurnedOnce(t, s) })
			t.Run("CroppedHEICIsTheSizeThatItShows", func(t *testing.T) { croppedHEICIsTheSizeThatItShows(t, s) })
			t.Run("HEICIsConvertedByTheNameOfItsColours", func(t *testing.T) { heicIsConvertedByTheNameOfItsColours(t, s) })
			t.Run("WebPIsDecodedThereToo", func(t *testing.T) { webpIsDecodedThereToo(t, s) })
			t.Run("RealFilesOfEveryKindAreRead", func(t *testing.T) { phonesEndWell(t, s) })
			t.Run("PhonesLookAsLibvipsShowsThem", func(t *testing.T) { phonesLookRight(t, s) })
			t.Run("ADamagedPhotoEndsItsOwnJobOnly", func(t *testing.T) { damageEndsItsOwnJobOnly(t, s) })
			t.Run("WhateverIsWrongTheNextIsDecoded", func(t *testing.T) { theNextIsDecoded(t, s) })
			if mb := peak(t, s); mb > 1024 {
				t.Errorf("the process once held %d MB", mb)
			}
		})
	}
}

func heicEndsAsItLooks(t *testing.T, s *Sandbox) {
	for _, name := range []string{"quadrants.heic", "quadrants-10bit.heic", "quadrants-422.heic", "quadrants-444.heic", "quadrants-lossless.heic"} {
		p, img := normalise(t, s, file(t, name))
		if p.ContentType != "image/heic" || p.Width != 160 || p.Height != 100 || img.Bounds().Size() != image.Pt(160, 100) {
			t.Errorf("%s: %s, told %d × %d, is %v", name, p.ContentType, p.Width, p.Height, img.Bounds())
		}
		if !near(img.At(40, 25), 220, 30, 30) || !near(img.At(120, 25), 30, 200, 30) || !near(img.At(40, 75), 30, 30, 220) || !near(img.At(120, 75), 250, 250, 250) {
			t.Errorf("%s: colours %v %v %v %v", name, img.At(40, 25), img.At(120, 25), img.At(40, 75), img.At(120, 75))
		}
	}
}

func grayEndsAsItLooks(t *testing.T, s *Sandbox) {
	_, img := normalise(t, s, file(t, "gray-10bit.heic"))
	if !near(img.At(40, 25), 0, 0, 0) || !near(img.At(120, 25), 80, 80, 80) || !near(img.At(40, 75), 160, 160, 160) || !near(img.At(120, 75), 255, 255, 255) {
		t.Errorf("levels %v %v %v %v", img.At(40, 25), img.At(120, 25), img.At(40, 75), img.At(120, 75))
	}
}

// The upper right shows nothing of the photo, the lower right half of it.
func transparentIsOnWhite(t *testing.T, s *Sandbox) {
	plain, dimmed := file(t, "alpha.heic"), file(t, "alpha-premultiplied.heic")
	hidden := bytes.Replace(plain, []byte("infe\x02\x00\x00\x00\x00\x02"), []byte("infe\x02\x00\x00\x01\x00\x02"), 1)
	for name, raw := range map[string][]byte{
		"alpha": plain, "of ten bits": file(t, "alpha-10bit.heic"), "premultiplied": dimmed, "the mask is hidden": hidden,
	} {
		_, img := normalise(t, s, raw)
		if !near(img.At(40, 25), 220, 30, 30) || !near(img.At(120, 25), 255, 255, 255) || !near(img.At(40, 75), 30, 30, 220) || !near(img.At(120, 75), 142, 142, 237) {
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

func phonesEndWell(t *testing.T, s *Sandbox) {
	for name, want := range map[string][4]int{
		"heic-24bit.heic": {1440, 960, 1440, 960}, "heic-ftypmsf1.heic": {1280, 720, 1280, 720},
	} {
		p, img := normalise(t, s, phone(t, name))
		if got := [4]int{p.Width, p.Height, img.Bounds().Dx(), img.Bounds().Dy()}; got != want || !picture.Bare(p.JPEG) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Both are Display P3, and one is turned. Without the conversion ΔE is 1.5
// and 2.8, and 9 at most.
func phonesLookRight(t *testing.T, s *Sandbox) {
	if testing.Short() && s.cfg.HEIF == WASM {
		t.Skip("the race detector takes five times the memory that the process may have")
	}
	for name, c := range map[string]struct {
		photo      string
		at         image.Point
		size       [4]int
		ssim, mean float64
	}{
		"iphonexs": {"heic-orientation-6.heic", image.Pt(600, 500), [4]int{3024, 4032, 1536, 2048}, 0.97, 1},
		"iphone7":  {"heic-24bit-exif.heic", image.Pt(1060, 870), [4]int{4032, 3024, 2048, 1536}, 0.97, 1},
	} {
		p, ours := normalise(t, s, phone(t, c.photo))
		if got := [4]int{p.Width, p.Height, ours.Bounds().Dx(), ours.Bounds().Dy()}; got != c.size || !picture.Bare(p.JPEG) {
			t.Errorf("%s: %v, want %v", name, got, c.size)
		}
		want, got := picturetest.Reference(t, "../testdata/reference-"+name+".png", ours, c.at)
		similar := picturetest.SSIM(want, got)
		mean, most := picturetest.DeltaE(want, got)
		t.Logf("%s: SSIM %.4f, ΔE %.2f, at most %.1f", name, similar, mean, most)
		if similar < c.ssim || mean > c.mean {
			t.Errorf("%s: SSIM %.4f, ΔE %.2f; want at least %v and at most %v", name, similar, mean, c.ssim, c.mean)
		}
		t.Run(name+"/exiftool", func(t *testing.T) {
			if found := picturetest.Metadata(t, p.JPEG); len(found) > 0 {
				t.Errorf("found %v", found)
			}
		})
	}
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
		code fault.Code
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
	if got := fault.CodeOf(err) == fault.PhotoHEICTooLarge; got != (s.MaxPixels() < 48_000_000) || err != nil && !got {
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
