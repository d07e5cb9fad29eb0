package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"

	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// maxScans bounds the passes of a progressive JPEG. Real encoders write about
// ten; a file of a few kilobytes can ask for thousands, each over all pixels.
const maxScans = 100

// segments is what the markers of a JPEG tell.
type segments struct {
	scans       int
	tiff        []byte
	components  int
	progressive bool
	adobe       bool
	icc         map[byte][]byte // parts of a profile, by their number
}

func jpegHeader(b []byte) (header, bool) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
	s := jpegSegments(b)
	if err != nil || s.scans > maxScans {
		return header{}, false
	}
	h := header{width: cfg.Width, height: cfg.Height, orientation: orientation(s.tiff), decode: decodeJPEG}
	h.icc, h.gray, h.cmyk = s.profile(), s.components == 1, s.components == 4
	if s.components == 0 {
		s.components, s.progressive = 4, true // not found: expect the worst
	}
	h.bytesPerPixel = s.components
	if s.progressive {
		h.bytesPerPixel += 4 * s.components // coefficients, kept to the end
	}
	if s.components == 4 {
		h.bytesPerPixel += 4 + 3 // a CMYK copy, then planes
		if !s.adobe {
			h.decode = decodePlainCMYK
		}
		h.decode = h.decode.withCMYK(h.icc)
	}
	return h, true
}

// jpegSegments walks the markers of a JPEG. It reads damaged files as far as
// it can.
func jpegSegments(b []byte) segments {
	var s segments
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			n := bytes.IndexByte(b[i:], 0xff)
			if n < 0 {
				return s
			}
			i += n
			continue
		}
		marker := b[i+1]
		if marker == 0 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd7) {
			i++ // stuffing, fill and markers without a body
			if marker != 0xff {
				i++
			}
			continue
		}
		if marker == 0xd9 {
			return s
		}
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return s
		}
		s.note(marker, b[i+4:i+2+n])
		i += 2 + n
	}
	return s
}

func (s *segments) note(marker byte, body []byte) {
	switch {
	case marker == 0xda:
		s.scans++
	case marker >= 0xc0 && marker <= 0xc2 && len(body) >= 6:
		s.components, s.progressive = max(s.components, int(body[5])), s.progressive || marker == 0xc2
	case marker == 0xe1 && s.tiff == nil && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
		s.tiff = body[6:]
	case marker == 0xe2 && len(body) > 14 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		if s.icc == nil {
			s.icc = make(map[byte][]byte)
		}
		s.icc[body[12]] = body[14:]
	case marker == 0xee && len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")):
		s.adobe = true
	}
}

// profile joins the parts, which are numbered from one, without a gap.
func (s *segments) profile() []byte {
	var out []byte
	for i := range len(s.icc) {
		part, ok := s.icc[byte(i+1)]
		if !ok || len(out)+len(part) > icc.MaxBytes {
			return nil
		}
		out = append(out, part...)
	}
	return out
}

func decodeJPEG(raw []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(raw)) }

// decodePlainCMYK reads four components that no Adobe marker explains: they
// are plain CMYK then. The standard decoder wants the marker, and takes the
// channels for inverted, as Adobe's are.
func decodePlainCMYK(raw []byte) (image.Image, error) {
	adobe := []byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
	img, err := jpeg.Decode(io.MultiReader(bytes.NewReader(adobe), bytes.NewReader(raw[2:])))
	if cmyk, ok := img.(*image.CMYK); ok {
		for i, v := range cmyk.Pix {
			cmyk.Pix[i] = 255 - v
		}
	}
	return img, err
}
