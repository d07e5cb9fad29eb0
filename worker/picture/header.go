package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
)

// maxScans bounds the passes of a progressive JPEG. Real encoders write about
// ten; a file of a few kilobytes can ask for thousands, each over all pixels.
const maxScans = 100

// header is what is known of a picture before any pixel is decoded.
type header struct {
	width, height int // as stored, before orientation
	orientation   int // 1…8, EXIF
}

// upright gives the size as a person sees it.
func (h header) upright() (width, height int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// readHeader reads dimensions and orientation without decoding.
func readHeader(f Format, b []byte) (header, bool) {
	var (
		cfg image.Config
		err error
		h   = header{orientation: 1}
	)
	switch f {
	case JPEG:
		cfg, err = jpeg.DecodeConfig(bytes.NewReader(b))
		scans, tiff := jpegSegments(b)
		if scans > maxScans {
			return header{}, false
		}
		h.orientation = orientation(tiff)
	case PNG:
		cfg, err = png.DecodeConfig(bytes.NewReader(b))
		h.orientation = orientation(pngExif(b))
	default:
		return header{}, false
	}
	h.width, h.height = cfg.Width, cfg.Height
	return h, err == nil && cfg.Width > 0 && cfg.Height > 0
}

// jpegSegments walks the markers of a JPEG, counts its scans and finds the
// TIFF block of its EXIF segment. It reads damaged files as far as it can.
func jpegSegments(b []byte) (scans int, tiff []byte) {
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			n := bytes.IndexByte(b[i:], 0xff)
			if n < 0 {
				return scans, tiff
			}
			i += n
			continue
		}
		marker := b[i+1]
		if marker == 0 || marker == 0xff || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8) {
			i++ // stuffing, fill and markers without a body
			if marker != 0xff {
				i++
			}
			continue
		}
		if marker == 0xd9 {
			return scans, tiff
		}
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return scans, tiff
		}
		body := b[i+4 : i+2+n]
		switch {
		case marker == 0xda:
			scans++
		case marker == 0xe1 && tiff == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			tiff = body[6:]
		}
		i += 2 + n
	}
	return scans, tiff
}

// pngExif finds the TIFF block of a PNG's eXIf chunk.
func pngExif(b []byte) []byte {
	for i := 8; i+12 <= len(b); {
		n := int64(binary.BigEndian.Uint32(b[i:]))
		if int64(i)+12+n > int64(len(b)) {
			return nil
		}
		if string(b[i+4:i+8]) == "eXIf" {
			return b[i+8 : i+8+int(n)]
		}
		i += 12 + int(n)
	}
	return nil
}

// orientation reads tag 0x0112 of a TIFF block's first directory; anything
// unreadable means upright.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:2]) {
	case "II":
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	for i := range count {
		entry := at + 2 + int64(i)*12
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		e := tiff[entry : entry+12]
		if order.Uint16(e) == 0x0112 && order.Uint16(e[2:]) == 3 {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}
