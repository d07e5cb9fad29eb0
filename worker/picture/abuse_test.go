package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"math/bits"
	"runtime"
	"strconv"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Every cut of every kind of file is refused, never answered with part of a
// picture, and nothing panics.
func TestCutFilesAreRefusedWhereverTheyAreCut(t *testing.T) {
	t.Parallel()
	n := New(Defaults(), nil)
	for _, name := range []string{"lossy.webp", "lossless.webp", "lossy-alpha.webp", "ycck.jpg"} {
		whole := file(t, name)
		for cut := 12; cut < len(whole)-3; cut += max(1, len(whole)/40) {
			if _, err := n.Normalise(t.Context(), whole[:cut], Limits{}); fault.CodeOf(err) != fault.PhotoBroken {
				t.Errorf("%s cut at %d: %v", name, cut, err)
			}
		}
	}
}

// Bytes that are wrong in the middle may show; they must never be anybody
// else's problem.
func TestCorruptedFilesEndTheirOwnJob(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it decodes for minutes where races are looked for")
	}
	n := New(Defaults(), nil)
	for _, name := range []string{"lossy.webp", "lossless-alpha.webp", "animated.webp", "ycck.jpg"} {
		whole := file(t, name)
		for at := range whole {
			raw := bytes.Clone(whole)
			raw[at] ^= 0x5a
			if _, err := n.Normalise(t.Context(), raw, Limits{}); err != nil && fault.KindOf(err) == fault.Internal {
				t.Errorf("%s wrong at %d: %v", name, at, err)
			}
		}
	}
}

func TestDisguisesAreSeenThrough(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{
		"AVIF": []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00mif1miafMA1B"), "MP4": []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"),
		"WAV": []byte("RIFF\x24\x00\x00\x00WAVEfmt "), "TIFF": []byte("II*\x00\x08\x00\x00\x00"), "BMP": []byte("BM\x00\x00\x00\x00"),
		"JPEG XL": []byte("\xff\x0a\x00\x00"), "ZIP": []byte("PK\x03\x04"),
	} {
		if _, err := normalise(t, raw); fault.CodeOf(err) != fault.UnsupportedMediaType {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := normalise(t, pngOf(t, quadrants(100, 100))) // whatever its name was
	if err != nil || p.ContentType != "image/png" {
		t.Error(p.ContentType, err)
	}
}

func TestNearDuplicatesAreNearAndOthersFar(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it decodes for minutes where races are looked for")
	}
	n := New(Defaults(), nil)
	hash := func(raw []byte) string {
		t.Helper()
		p, err := n.Normalise(t.Context(), raw, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return p.PHash
	}
	photo := decoded(t, phone(t, "jpg-24bit-icc-iec.jpg"))
	b := photo.Bounds()
	crop := image.Rect(b.Min.X+b.Dx()/50, b.Min.Y+b.Dy()/50, b.Max.X, b.Max.Y)
	original := hash(jpegOf(t, photo))
	near := map[string]string{
		"re-encoded as PNG": hash(pngOf(t, photo)),
		"half the size":     hash(jpegOf(t, Resize(toPlanes(photo), b.Dx()/2, b.Dy()/2))),
		"a fifth the size":  hash(jpegOf(t, Resize(toPlanes(photo), b.Dx()/5, b.Dy()/5))),
		"re-encoded badly":  hash(badly(t, photo)),
		"slightly cropped":  hash(jpegOf(t, photo.(*image.YCbCr).SubImage(crop))),
	}
	for name, h := range near {
		if d := differing(t, original, h); d > 10 {
			t.Errorf("%s: %d bits differ", name, d)
		}
	}
	photos := map[string]string{"jpg-24bit-icc-iec.jpg": original}
	for _, name := range []string{
		"webp-orientation-6.webp", "jpg-orientation-6.jpg", "png-24bit.png", "jpg-24bit-icc-adobe-rgb.jpg", "has-icc-profile.png",
	} {
		h := hash(phone(t, name))
		for other, o := range photos {
			if d := differing(t, o, h); d < 16 {
				t.Errorf("%s and %s: only %d bits differ", name, other, d)
			}
		}
		photos[name] = h
	}
}

func badly(t *testing.T, img image.Image) []byte {
	t.Helper()
	raw, err := Encode(img, 30)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// differing counts the bits in which two perceptual hashes differ.
func differing(t *testing.T, a, b string) int {
	t.Helper()
	x, errX := strconv.ParseUint(a, 16, 64)
	y, errY := strconv.ParseUint(b, 16, 64)
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	return bits.OnesCount64(x ^ y)
}

// inflating is a chunk whose body is 300 MB of zeros, in a third of one.
func inflating(kind, head string) []byte {
	var z bytes.Buffer
	c, _ := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	zeros := make([]byte, 1<<20)
	for range 300 {
		_, _ = c.Write(zeros)
	}
	_ = c.Close()
	return chunk(kind, append([]byte(head), z.Bytes()...))
}

// blackPNG really holds w × h black pixels of one bit: a file of half a
// megabyte at 60000².
func blackPNG(w, h int) []byte {
	var z bytes.Buffer
	c, _ := zlib.NewWriterLevel(&z, zlib.BestSpeed)
	row := make([]byte, 1+(w+7)/8)
	for range h {
		_, _ = c.Write(row)
	}
	_ = c.Close()
	ihdr := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(ihdr, 1, 0, 0, 0, 0))...)
	return append(append(out, chunk("IDAT", z.Bytes())...), chunk("IEND", nil)...)
}

// Everything that was tried on decoders of pictures, with the answer that
// each gets and a bound on what it makes this process allocate.
func TestTheAbuseTableEndsInTheRightAnswers(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	if testing.Short() {
		t.Skip("it makes a gigabyte of zeros")
	}
	n := New(Defaults(), nil)
	good := jpegOf(t, quadrants(200, 200))
	progressive := bytes.Replace(resized(good, 65500, 65500), []byte{0xff, 0xc0}, []byte{0xff, 0xc2}, 1)
	webp16383 := riff("VP8 ", append([]byte("\x10\x00\x00\x9d\x01\x2a\xff\x3f\xff\x3f"), make([]byte, 64)...))
	png := pngOf(t, quadrants(200, 200))
	for name, c := range map[string]struct {
		raw  []byte
		code fault.Code // "" for a good photo
	}{
		"PNG of 74 bytes claiming 60000²": {bombHeader(60000, 60000), "too_many_pixels"},
		"real PNG of 60000² bits":         {blackPNG(60000, 60000), "too_many_pixels"},
		"baseline JPEG of 65500²":         {resized(good, 65500, 65500), "too_many_pixels"},
		"progressive JPEG of 65500²":      {progressive, "too_many_pixels"},
		"JPEG claiming a bit too much":    {resized(good, 9000, 9000), "photo_broken"},
		"WebP of 16383²":                  {webpOf(webp16383), "too_many_pixels"},
		"zTXt of 300 MB":                  {withChunk(png, inflating("zTXt", "k\x00\x00")), ""},
		"iCCP of 300 MB":                  {withChunk(png, inflating("iCCP", "k\x00\x00")), ""},
		"JPEG and ZIP":                    {append(bytes.Clone(good), "PK\x03\x04 …"...), ""},
		"SVG":                             {[]byte("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>"), "unsupported_media_type"},
		"PPM":                             {[]byte("P6 100 100 255 "), "unsupported_media_type"},
		"PDF":                             {[]byte("%PDF-1.7"), "unsupported_media_type"},
		"GIF":                             {[]byte("GIF89a\x64\x00\x64\x00"), "unsupported_media_type"},
		"half a PNG":                      {png[:len(png)/2], "photo_broken"},
		"99 % of a JPEG":                  {good[:len(good)*99/100], "photo_broken"},
		"a real corrupt JPEG of HP":       {phone(t, "jpg-corruption.jpg"), "photo_broken"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := n.Normalise(t.Context(), c.raw, Limits{})
		runtime.ReadMemStats(&after)
		if fault.CodeOf(err) != c.code && (c.code != "" || err != nil) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if err == nil && !Bare(p.JPEG) {
			t.Errorf("%s: something beside pixels was kept", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 350<<20 {
			t.Errorf("%s: %d MB were allocated", name, used>>20)
		}
	}
}
