package picture

import (
	"encoding/binary"
	"testing"

	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// seeds are files of every kind for the parsers of headers.
func seeds(f *testing.F) {
	f.Helper()
	f.Add(withExif(jpegOf(f, quadrants(64, 64)), tiff(binary.LittleEndian, 6)))
	f.Add(withChunk(pngOf(f, quadrants(64, 64)), chunk("eXIf", tiff(binary.BigEndian, 3))))
	f.Add(withChunk(pngOf(f, quadrants(64, 64)), chunk("iCCP", append([]byte("x\x00\x00"), deflated([]byte("acsp"))...))))
	for _, name := range []string{"animated.webp", "lossy-alpha.webp", "lossless.webp", "ycck.jpg", "quadrants.heic"} {
		f.Add(file(f, name))
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
}

func FuzzHeaders(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := readHeader(Sniff(b), b)
		if ok && (h.width <= 0 || h.height <= 0 || h.orientation < 1 || h.orientation > 8 || h.bytesPerPixel < 1) {
			t.Errorf("header = %+v", h)
		}
		_ = h.conversion()
	})
}

func FuzzSniff(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := Sniff(b); got != Unknown && len(b) < 3 {
			t.Errorf("%q is %s", b, got)
		}
	})
}

func FuzzExif(f *testing.F) {
	f.Add(tiff(binary.LittleEndian, 6))
	f.Add(tiff(binary.BigEndian, 3))
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(bareTIFF(b)); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

func FuzzSegments(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := jpegSegments(b)
		if n := len(s.profile()); n > icc.MaxBytes {
			t.Errorf("a profile of %d bytes", n)
		}
		_ = Bare(b)
	})
}

func FuzzChunks(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = pngHeader(b)
		if n := len(pngProfile(pngChunk(b, "iCCP"))); n > icc.MaxBytes {
			t.Errorf("a profile of %d bytes", n)
		}
		_, _ = readWebP(b)
	})
}
