package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
)

func pngHeader(b []byte) (header, bool) {
	cfg, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return header{}, false // the first chunk is a sound IHDR from here on
	}
	h := header{width: cfg.Width, height: cfg.Height, orientation: orientation(pngChunk(b, "eXIf")), decode: decodePNG}
	h.icc = pngProfile(pngChunk(b, "iCCP"))
	if c := pngChunk(b, "cICP"); len(c) == 4 {
		h.icc, h.named = nil, codePoints(int(c[0]), int(c[1]))
	}
	depth, colour, interlaced := b[24], b[25], b[28] != 0
	h.gray = colour == 0 || colour == 4
	switch {
	case depth == 16:
		h.bytesPerPixel = 8
	case colour == 0 || colour == 3:
		h.bytesPerPixel = 1
	default:
		h.bytesPerPixel = 4
	}
	if interlaced {
		h.bytesPerPixel += (h.bytesPerPixel + 1) / 2 // the last pass alone holds half
	}
	h.bytesPerPixel++ // what is shrunken, and rows on the way
	return h, true
}

// pngChunk finds the first chunk of a kind.
func pngChunk(b []byte, kind string) []byte {
	for i := 8; i+12 <= len(b); {
		n := int64(binary.BigEndian.Uint32(b[i:]))
		if int64(i)+12+n > int64(len(b)) {
			return nil
		}
		if string(b[i+4:i+8]) == kind {
			return b[i+8 : i+8+int(n)]
		}
		i += 12 + int(n)
	}
	return nil
}

func decodePNG(raw []byte) (image.Image, error) { return png.Decode(bytes.NewReader(raw)) }
