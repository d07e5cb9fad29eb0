package picture

import (
	"bytes"
	"image"
	"math/bits"
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
			if _, err := n.Normalise(t.Context(), whole[:cut], Limits{}); fault.CodeOf(err) != "photo_broken" {
				t.Errorf("%s cut at %d: %v", name, cut, err)
			}
		}
	}
}

// Bytes that are wrong in the middle may show; they must never be anybody
// else's problem.
func TestCorruptedFilesEndTheirOwnJob(t *testing.T) {
	t.Parallel()
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
		if _, err := normalise(t, raw); fault.CodeOf(err) != "media_type_unsupported" {
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
		"slightly cropped":  hash(jpegOf(t, photo.(*image.YCbCr).SubImage(crop))),
	}
	for name, h := range near {
		if d := differing(t, original, h); d > 10 {
			t.Errorf("%s: %d bits differ", name, d)
		}
	}
	for _, name := range []string{"webp-orientation-6.webp", "jpg-orientation-6.jpg", "png-24bit.png"} {
		if d := differing(t, original, hash(phone(t, name))); d < 16 {
			t.Errorf("%s: only %d bits differ", name, d)
		}
	}
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
