package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
)

// Encode writes a baseline JPEG that holds pixels and nothing else.
func Encode(img image.Image, quality int) ([]byte, error) {
	var buf bytes.Buffer
	b := img.Bounds()
	buf.Grow(b.Dx() * b.Dy() / 4)
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return buf.Bytes(), nil
}

// Bare reports whether a JPEG holds only what its pixels need: no
// application segments, no comments, nothing behind its end.
func Bare(b []byte) bool {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return false
	}
	for i := 2; i+4 <= len(b); {
		marker := b[i+1]
		switch {
		case b[i] != 0xff, marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
			return false
		case marker == 0xda:
			// Entropy-coded data follows; its only end marker must be the file's.
			end := bytes.Index(b[i:], []byte{0xff, 0xd9})
			return end >= 0 && i+end+2 == len(b)
		}
		i += 2 + int(binary.BigEndian.Uint16(b[i+2:]))
	}
	return false
}
