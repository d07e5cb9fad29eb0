package picture

import (
	"github.com/imgfleet/imgfleet/worker/picture/heif"
	"github.com/imgfleet/imgfleet/worker/picture/icc"
)

// header is what is known of a picture before any pixel is decoded.
type header struct {
	width, height int // as stored, before orientation
	orientation   int // 1…8, EXIF
	bytesPerPixel int // the most that decoding holds at once
	decode        decoder
	heavy         bool         // to be decoded in a process of its own
	coded         heif.Coded   // how HEIC wrote its colours
	icc           []byte       // the profile of its colours, unread
	named         *icc.Profile // without one, the profile that it names
	gray          bool         // one channel
	cmyk          bool         // four channels
}

// upright gives the size as a person sees it.
func (h header) upright() (width, height int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// cost is the memory that decoding may take.
func (h header) cost() int64 {
	return int64(h.width) * int64(h.height) * int64(h.bytesPerPixel)
}

// readHeader reads dimensions and orientation without decoding, and picks
// the decoder.
func readHeader(f Format, b []byte) (header, bool) {
	var (
		h  header
		ok bool
	)
	switch f {
	case JPEG:
		h, ok = jpegHeader(b)
	case PNG:
		h, ok = pngHeader(b)
	case WebP:
		h, ok = webpHeader(b)
	case HEIC:
		h, ok = heicHeader(b)
	}
	return h, ok && h.width > 0 && h.height > 0
}
