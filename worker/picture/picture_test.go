package picture

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// quadrants is a picture whose corners are red, green, blue and white, in
// reading order, so that its orientation can be seen.
func quadrants(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range []color.RGBA{{220, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 220, 255}, {250, 250, 250, 255}} {
		x, y := i%2*w/2, i/2*h/2
		draw.Draw(img, image.Rect(x, y, x+(w+1)/2, y+(h+1)/2), image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tiff is an EXIF block with an orientation and a GPS-like secret.
func tiff(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(orientation))
	b = append(b, 0, 0)
	b = order.AppendUint16(b, 0x010f)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, 11)
	b = order.AppendUint32(b, 38)
	b = order.AppendUint32(b, 0)
	return append(b, "SECRET-GPS\x00"...)
}

func withExif(data, tiff []byte) []byte {
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, data[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), data[2:]...)
}

func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func withChunk(data []byte, c []byte) []byte {
	const afterIHDR = 8 + 25
	return append(append(append([]byte{}, data[:afterIHDR]...), c...), data[afterIHDR:]...)
}

func normalise(t *testing.T, raw []byte) (Photo, error) {
	t.Helper()
	return New(Defaults(), nil).Normalise(t.Context(), raw, Limits{})
}

func decoded(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// corners names the colours of the four quadrants.
func corners(img image.Image) string {
	b := img.Bounds()
	var out strings.Builder
	for _, q := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		r, g, bl, _ := img.At(b.Dx()*q[0]/4, b.Dy()*q[1]/4).RGBA()
		switch {
		case r > 0x9000 && g > 0x9000 && bl > 0x9000:
			out.WriteByte('w')
		case r > g && r > bl:
			out.WriteByte('r')
		case g > bl:
			out.WriteByte('g')
		default:
			out.WriteByte('b')
		}
	}
	return out.String()
}

func TestPhotosEndUprightWhateverTheirOrientation(t *testing.T) {
	t.Parallel()
	want := map[int]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}
	for o, corner := range want {
		for name, raw := range map[string][]byte{
			"little-endian JPEG": withExif(jpegOf(t, quadrants(160, 100)), tiff(binary.LittleEndian, o)),
			"big-endian JPEG":    withExif(jpegOf(t, quadrants(160, 100)), tiff(binary.BigEndian, o)),
			"PNG":                withChunk(pngOf(t, quadrants(160, 100)), chunk("eXIf", tiff(binary.BigEndian, o))),
		} {
			p, err := normalise(t, raw)
			if err != nil {
				t.Fatalf("%s %d: %v", name, o, err)
			}
			w, h := 160, 100
			if o >= 5 {
				w, h = h, w
			}
			img := decoded(t, p.JPEG)
			if p.Width != w || p.Height != h || img.Bounds().Dx() != w || img.Bounds().Dy() != h {
				t.Errorf("%s %d: told %d × %d, is %v, want %d × %d", name, o, p.Width, p.Height, img.Bounds(), w, h)
			}
			if got := corners(img); got != corner {
				t.Errorf("%s %d: corners %s, want %s", name, o, got, corner)
			}
		}
	}
}

func TestNothingButPixelsIsLeft(t *testing.T) {
	t.Parallel()
	raw := withExif(jpegOf(t, quadrants(300, 200)), tiff(binary.LittleEndian, 6))
	raw = append(raw, "PK\x03\x04 a hidden archive"...)
	p, err := normalise(t, raw)
	if err != nil {
		t.Fatal(err)
	}
	if !Bare(p.JPEG) || bytes.Contains(p.JPEG, []byte("SECRET")) || bytes.Contains(p.JPEG, []byte("PK\x03\x04")) {
		t.Error("metadata or a tail survived")
	}
	if Bare(raw) || Bare(append(append([]byte{}, p.JPEG...), 'x')) || Bare(nil) {
		t.Error("Bare does not see metadata or a tail")
	}
	sum := sha256.Sum256(raw)
	if p.SHA256 != hex.EncodeToString(sum[:]) || p.ContentType != "image/jpeg" || len(p.PHash) != 16 {
		t.Errorf("sha256 %s, type %s, phash %q", p.SHA256, p.ContentType, p.PHash)
	}
}

func TestLargePhotosShrinkAndSmallOnesStay(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]int{{2400, 1800, 2048, 1536}, {700, 2101, 682, 2048}, {640, 480, 640, 480}, {65, 64, 65, 64}} {
		p, err := normalise(t, jpegOf(t, quadrants(c[0], c[1])))
		if err != nil {
			t.Fatal(err)
		}
		b := decoded(t, p.JPEG).Bounds()
		if b.Dx() != c[2] || b.Dy() != c[3] || p.Width != c[0] || p.Height != c[1] {
			t.Errorf("%v: became %v, told %d × %d", c, b, p.Width, p.Height)
		}
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	t.Parallel()
	good := jpegOf(t, quadrants(200, 200))
	webp := []byte("RIFF\x24\x00\x00\x00WEBPVP8 ")
	for name, c := range map[string]struct {
		raw  []byte
		l    Limits
		kind fault.Kind
		code fault.Code
	}{
		"too many bytes":         {good, Limits{MaxBytes: 100}, fault.TooLarge, "upload_too_large"},
		"too many pixels":        {good, Limits{MaxPixels: 39_999}, fault.TooLarge, "too_many_pixels"},
		"too small":              {jpegOf(t, quadrants(63, 500)), Limits{}, fault.Unprocessable, "photo_too_small"},
		"too long":               {jpegOf(t, quadrants(64, 1300)), Limits{}, fault.Unprocessable, "photo_ratio"},
		"cut in half":            {good[:len(good)/2], Limits{}, fault.Unprocessable, "photo_broken"},
		"cut in the header":      {good[:20], Limits{}, fault.Unprocessable, "photo_broken"},
		"cut PNG":                {pngOf(t, quadrants(200, 200))[:200], Limits{}, fault.Unprocessable, "photo_broken"},
		"cut WebP":               {webp, Limits{}, fault.Unprocessable, "photo_broken"},
		"GIF":                    {[]byte("GIF89a......"), Limits{}, fault.Unsupported, "unsupported_media_type"},
		"HEIC without a sandbox": {file(t, "quadrants.heic"), Limits{}, fault.Unsupported, "unsupported_media_type"},
		"SVG":                    {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), Limits{}, fault.Unsupported, "unsupported_media_type"},
		"PPM":                    {[]byte("P6 100 100 255 "), Limits{}, fault.Unsupported, "unsupported_media_type"},
		"PDF":                    {[]byte("%PDF-1.7"), Limits{}, fault.Unsupported, "unsupported_media_type"},
		"nothing":                {nil, Limits{}, fault.Unsupported, "unsupported_media_type"},
		"another hash":           {good, Limits{SHA256: strings.Repeat("0", 64)}, fault.Unprocessable, "sha256_mismatch"},
		"60000² PNG header":      {bombHeader(60000, 60000), Limits{}, fault.TooLarge, "too_many_pixels"},
		"60000² PNG":             {bombPNG(60000, 60000), Limits{}, fault.TooLarge, "too_many_pixels"},
		"65500² JPEG":            {resized(good, 65500, 65500), Limits{}, fault.TooLarge, "too_many_pixels"},
		"thousands of passes":    {manyScans(good), Limits{}, fault.Unprocessable, "photo_broken"},
	} {
		_, err := New(Defaults(), nil).Normalise(t.Context(), c.raw, c.l)
		if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %v %s", name, err, c.kind, c.code)
		}
	}
}

// bombHeader is a PNG of 74 bytes that claims any size.
func bombHeader(w, h int) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, uint32(w))
	ihdr = binary.BigEndian.AppendUint32(ihdr, uint32(h))
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(ihdr, 8, 6, 0, 0, 0))...)
	out = append(out, chunk("IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1})...)
	return append(out, chunk("IEND", nil)...)
}

// bombPNG really holds w × h black pixels of one bit.
func bombPNG(w, h int) []byte {
	var z bytes.Buffer
	c := zlib.NewWriter(&z)
	row := make([]byte, 1+(w+7)/8)
	for range min(h, 2000) {
		_, _ = c.Write(row)
	}
	_ = c.Close()
	ihdr := binary.BigEndian.AppendUint32(nil, uint32(w))
	ihdr = binary.BigEndian.AppendUint32(ihdr, uint32(h))
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(ihdr, 1, 0, 0, 0, 0))...)
	out = append(out, chunk("IDAT", z.Bytes())...)
	return append(out, chunk("IEND", nil)...)
}

// resized rewrites a JPEG's frame header to claim another size.
func resized(data []byte, w, h int) []byte {
	out := append([]byte{}, data...)
	i := bytes.Index(out, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(out[i+5:], uint16(h))
	binary.BigEndian.PutUint16(out[i+7:], uint16(w))
	return out
}

// manyScans repeats a JPEG's scan header as a progressive bomb would.
func manyScans(data []byte) []byte {
	i := bytes.Index(data, []byte{0xff, 0xda})
	n := int(binary.BigEndian.Uint16(data[i+2:])) + 2
	out := append([]byte{}, data[:i]...)
	for range 5000 {
		out = append(out, data[i:i+n]...)
	}
	return append(out, data[i:]...)
}

func TestBombsCostNothing(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	var before, after runtime.MemStats
	bombs := [][]byte{bombHeader(60000, 60000), bombPNG(60000, 60000), resized(jpegOf(t, quadrants(100, 100)), 65500, 65500)}
	n := New(Defaults(), nil)
	start := time.Now()
	runtime.ReadMemStats(&before)
	for _, b := range bombs {
		_, _ = n.Normalise(t.Context(), b, Limits{})
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("bombs made us allocate %d MB", used>>20)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("bombs took %v", took)
	}
}

func TestHiddenTextBombsAreIgnored(t *testing.T) {
	t.Parallel()
	var z bytes.Buffer
	c := zlib.NewWriter(&z)
	zeros := make([]byte, 1<<20)
	for range 16 {
		_, _ = c.Write(zeros)
	}
	_ = c.Close()
	raw := withChunk(pngOf(t, quadrants(100, 100)), chunk("zTXt", append([]byte("k\x00\x00"), z.Bytes()...)))
	if _, err := normalise(t, raw); err != nil {
		t.Errorf("a good picture with a text bomb: %v", err)
	}
}

func TestAWaitForADecoderEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	cfg.Decodes = 1
	n := New(cfg, nil)
	n.slots <- struct{}{} // somebody decodes for ever
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if _, err := n.Normalise(ctx, jpegOf(t, quadrants(100, 100)), Limits{}); fault.KindOf(err) != fault.Canceled {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestSimilarPicturesHashAlike(t *testing.T) {
	t.Parallel()
	a, errA := normalise(t, jpegOf(t, quadrants(400, 300)))
	b, errB := normalise(t, pngOf(t, quadrants(800, 600)))
	c, errC := normalise(t, withExif(jpegOf(t, quadrants(400, 300)), tiff(binary.BigEndian, 3)))
	if errA != nil || errB != nil || errC != nil {
		t.Fatal(errA, errB, errC)
	}
	if a.PHash != b.PHash || a.PHash == c.PHash {
		t.Errorf("hashes %s, %s, turned %s", a.PHash, b.PHash, c.PHash)
	}
}

func FuzzNormalise(f *testing.F) {
	cfg := Defaults()
	cfg.MaxPixels, cfg.MinSide = 1<<20, 1
	n := New(cfg, nil)
	f.Add(withExif(jpegOf(f, quadrants(64, 64)), tiff(binary.LittleEndian, 6)))
	f.Add(pngOf(f, quadrants(32, 40)))
	for _, name := range []string{"animated.webp", "lossy-alpha.webp", "lossless.webp", "ycck.jpg"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := n.Normalise(t.Context(), b, Limits{})
		if err == nil && !Bare(p.JPEG) {
			t.Error("metadata survived")
		}
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("unclassified: %v", err)
		}
	})
}

func BenchmarkNormalise12MP(b *testing.B) {
	raw := phone(b, "jpg-orientation-6.jpg")
	n := New(Defaults(), nil)
	for b.Loop() {
		if _, err := n.Normalise(b.Context(), raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
