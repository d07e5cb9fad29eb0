package picture

import (
	"image"
	"testing"

	"github.com/imgfleet/imgfleet/worker/picture/picturetest"
)

// The references are by libvips: Lanczos filters and Little CMS. What a JPEG
// of quality 90 with halved chroma loses is in the figures too.
func TestPhotosLookAsLibvipsShowsThem(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("photos of 12 MP take long where races are looked for")
	}
	for name, c := range map[string]struct {
		photo      string
		at         image.Point
		size       image.Point
		ssim, mean float64
	}{
		"samsung": {"orientation-issue-1.jpg", image.Pt(850, 600), image.Pt(1536, 2048), 0.95, 1.2},
		"canon":   {"jpg-24bit-icc-adobe-rgb.jpg", image.Pt(900, 500), image.Pt(1900, 1263), 0.97, 1.2}, // Adobe RGB
		"swop":    {"jpg-32bit-cmyk-icc-swop.jpg", image.Pt(440, 480), image.Pt(1080, 1080), 0.97, 1.2}, // SWOP, CMYK
	} {
		p, err := normalise(t, phone(t, c.photo))
		if err != nil {
			t.Fatal(err)
		}
		ours := decoded(t, p.JPEG)
		if ours.Bounds().Size() != c.size {
			t.Errorf("%s: %v, want %v", name, ours.Bounds(), c.size)
		}
		want, got := picturetest.Reference(t, "testdata/reference-"+name+".png", ours, c.at)
		similar := picturetest.SSIM(want, got)
		mean, most := picturetest.DeltaE(want, got)
		t.Logf("%s: SSIM %.4f, ΔE %.2f, at most %.1f", name, similar, mean, most)
		if similar < c.ssim || mean > c.mean {
			t.Errorf("%s: SSIM %.4f, ΔE %.2f; want at least %v and at most %v", name, similar, mean, c.ssim, c.mean)
		}
	}
}

func TestExiftoolFindsNothingInWhatIsKept(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("photos of 12 MP take long where races are looked for")
	}
	if len(picturetest.Metadata(t, phone(t, "orientation-issue-1.jpg"))) < 10 {
		t.Error("nothing is found in a photo with GPS either")
	}
	for _, name := range []string{"orientation-issue-1.jpg", "jpg-orientation-6.jpg", "webp-orientation-6.webp", "has-icc-profile.png"} {
		p, err := normalise(t, phone(t, name))
		if err != nil {
			t.Fatal(name, err)
		}
		if found := picturetest.Metadata(t, p.JPEG); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
