package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/worker/picture/picturetest"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func phone(t testing.TB, name string) []byte {
	t.Helper()
	return picturetest.Phone(t, name)
}

func near(got color.Color, want color.RGBA, tolerance int) bool {
	r, g, b, _ := got.RGBA()
	for _, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
		if d > tolerance || d < -tolerance {
			return false
		}
	}
	return true
}

func TestWebPAndInkEndAsTheyLook(t *testing.T) {
	t.Parallel()
	for name, corner := range map[string]string{
		"lossy.webp": "rgbw", "lossless.webp": "rgbw", "lossy-alpha.webp": "rwbw", "lossless-alpha.webp": "rwbw",
		"animated.webp": "wwwr", "ycck.jpg": "rgbw",
	} {
		p, err := normalise(t, file(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img := decoded(t, p.JPEG)
		if p.Width != 160 || p.Height != 100 || img.Bounds().Size() != image.Pt(160, 100) {
			t.Errorf("%s: told %d × %d, is %v", name, p.Width, p.Height, img.Bounds())
		}
		if got := corners(img); got != corner {
			t.Errorf("%s: corners %s, want %s", name, got, corner)
		}
		x, y := 40, 25
		if name == "animated.webp" {
			x, y = 120, 75
		}
		if c := img.At(x, y); name != "ycck.jpg" && !near(c, color.RGBA{220, 30, 30, 255}, 6) {
			t.Errorf("%s: red became %v", name, c)
		}
	}
}

func TestWebPIsTurnedByItsExif(t *testing.T) {
	t.Parallel()
	want := map[int]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}
	for o, corner := range want {
		for _, prefix := range []string{"", "Exif\x00\x00"} {
			pixels := file(t, "lossless.webp")[12:]
			body := riff("VP8X", []byte{8, 0, 0, 0, 159, 0, 0, 99, 0, 0})
			body = append(append(body, pixels...), riff("EXIF", append([]byte(prefix), tiff(binary.BigEndian, o)...))...)
			p, err := normalise(t, webpOf(body))
			if err != nil {
				t.Fatal(err)
			}
			if got := corners(decoded(t, p.JPEG)); got != corner || (p.Width == 160) != (o < 5) {
				t.Errorf("%d: corners %s, want %s, %d × %d", o, got, corner, p.Width, p.Height)
			}
		}
	}
}

func riff(kind string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	return append(append(out, body...), make([]byte, len(body)&1)...)
}

func webpOf(body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...)
}

func TestWebPThatLiesIsRefused(t *testing.T) {
	t.Parallel()
	lossy, lossless := file(t, "lossy.webp"), file(t, "lossless.webp")
	claim := riff("VP8L", []byte{0x2f, 0xff, 0xff, 0xff, 0x0f, 0})
	small := riff("VP8X", []byte{0, 0, 0, 0, 159, 0, 0, 99, 0, 0})
	for name, c := range map[string]struct {
		raw  []byte
		code fault.Code
	}{
		"16384² claim":                {webpOf(claim), "too_many_pixels"},
		"small canvas, 16384² pixels": {webpOf(append(append([]byte{}, small...), claim...)), "photo_broken"},
		"huge canvas":                 {webpOf(append(riff("VP8X", []byte{0, 0, 0, 0, 255, 255, 255, 255, 255, 255}), lossy[12:]...)), "photo_broken"},
		"two canvases":                {webpOf(append(append(append([]byte{}, small...), small...), lossy[12:]...)), "photo_broken"},
		"cut lossy":                   {lossy[:len(lossy)/2], "photo_broken"},
		"cut lossless":                {lossless[:len(lossless)/2], "photo_broken"},
		"cut inside":                  {webpOf(lossy[12 : len(lossy)/2]), "photo_broken"},
		"a frame beside its canvas":   {moved(file(t, "animated.webp")), "photo_broken"},
		"no picture":                  {webpOf(small), "photo_broken"},
	} {
		if _, err := normalise(t, c.raw); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// moved puts the first frame of an animation far right.
func moved(b []byte) []byte {
	out := append([]byte{}, b...)
	i := bytes.Index(out, []byte("ANMF"))
	out[i+8] = 200
	return out
}

func TestFourComponentsWithoutAMarkerAreInkAsItIs(t *testing.T) {
	t.Parallel()
	raw := file(t, "ycck.jpg")
	i := bytes.Index(raw, []byte("\xff\xee\x00\x0eAdobe"))
	raw[i+15] = 0 // the same samples, as Adobe's CMYK
	bare := append(append([]byte{}, raw[:i]...), raw[i+16:]...)
	adobe, err := decodeJPEG(raw)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := decodePlainCMYK(bare)
	if err != nil {
		t.Fatal(err)
	}
	a, p := adobe.(*image.CMYK), plain.(*image.CMYK)
	for k := range a.Pix {
		if a.Pix[k] != 255-p.Pix[k] {
			t.Fatalf("sample %d: %d with the marker, %d without", k, a.Pix[k], p.Pix[k])
		}
	}
	if _, err := normalise(t, bare); err != nil {
		t.Error(err)
	}
}

func TestRealFilesOfEveryKindAreRead(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it decodes for minutes where races are looked for")
	}
	for name, want := range map[string][2]int{
		"webp-orientation-6.webp": {391, 521}, "webp+alpha.webp": {800, 600}, "webp-animated+alpha.webp": {480, 480},
		"webp-animated.webp": {990, 1050}, "jpg-32bit-cmyk-no-icc.jpg": {1080, 1080}, "jpg-32bit-cmyk-icc-swop.jpg": {1080, 1080},
		"png-alpha-64bit.png": {1350, 600}, "png-8bit.png": {0, 0}, "png-1bit.png": {0, 0}, "png-24bit+alpha.png": {0, 0},
		"jpg-orientation-6.jpg": {0, 0}, "jpg-8bit-grey-icc-dot-gain.jpg": {0, 0},
	} {
		cfg := Defaults()
		cfg.MinSide = 1
		p, err := New(cfg, nil).Normalise(t.Context(), phone(t, name), Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want[0] != 0 && (p.Width != want[0] || p.Height != want[1]) {
			t.Errorf("%s: told %d × %d, want %v", name, p.Width, p.Height, want)
		}
		if b := decoded(t, p.JPEG).Bounds(); max(b.Dx(), b.Dy()) > 2048 || !Bare(p.JPEG) {
			t.Errorf("%s: became %v, bare %v", name, b, Bare(p.JPEG))
		}
	}
}

func TestMemoryIsBoundedByFormat(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	cfg.MaxMemory = 200 * 200 * 3
	n := New(cfg, nil)
	if _, err := n.Normalise(t.Context(), jpegOf(t, quadrants(200, 200)), Limits{}); err != nil {
		t.Errorf("a baseline JPEG: %v", err)
	}
	progressive := bytes.Replace(jpegOf(t, quadrants(200, 200)), []byte{0xff, 0xc0}, []byte{0xff, 0xc2}, 1)
	for name, raw := range map[string][]byte{"PNG": pngOf(t, quadrants(200, 200)), "progressive JPEG": progressive} {
		if _, err := n.Normalise(t.Context(), raw, Limits{}); fault.CodeOf(err) != fault.TooManyPixels {
			t.Errorf("%s: %v, want too_many_pixels", name, err)
		}
	}
}

// elsewhere counts what it is given, and decodes none of it.
type elsewhere struct{ photos int }

func (e *elsewhere) Decode(context.Context, []byte, int) (*image.YCbCr, image.Point, error) {
	e.photos++
	return nil, image.Point{}, fault.New(fault.WorkerBusy)
}

func (*elsewhere) MaxPixels() int64 { return 1 << 20 }

func TestWhatHoldsMuchMemoryIsDecodedElsewhere(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	cfg.MaxHere = 200 * 200 * 3
	var other elsewhere
	n := New(cfg, &other)
	if _, err := n.Normalise(t.Context(), jpegOf(t, quadrants(200, 200)), Limits{}); err != nil || other.photos != 0 {
		t.Errorf("a small one: %v, %d elsewhere", err, other.photos)
	}
	if _, err := n.Normalise(t.Context(), pngOf(t, quadrants(200, 200)), Limits{}); fault.CodeOf(err) != fault.WorkerBusy || other.photos != 1 {
		t.Errorf("a large one: %v, %d elsewhere; want what is said there", err, other.photos)
	}
}
