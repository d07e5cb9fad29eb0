package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"iter"

	"golang.org/x/image/webp"
)

// maxChunks bounds the walk through a WebP; what lies behind is not looked
// for. Long animations have a chunk a frame.
const maxChunks = 4096

// webpFile is a still picture or the first frame of an animation.
type webpFile struct {
	canvas image.Point
	at     image.Rectangle // of the frame, on the canvas
	kind   string          // "VP8 " or "VP8L"
	pixels []byte
	alpha  []byte // of a "VP8 ", nil when opaque
	tiff   []byte
	icc    []byte
}

func webpHeader(b []byte) (header, bool) {
	f, ok := readWebP(b)
	if !ok {
		return header{}, false
	}
	h := header{width: f.canvas.X, height: f.canvas.Y, orientation: orientation(f.tiff), icc: f.icc}
	h.decode = func([]byte) (image.Image, error) { return f.decode() }
	h.heavy = f.kind == "VP8L" || f.alpha != nil // whose code tables a file can blow up
	switch {
	case f.kind == "VP8L":
		h.bytesPerPixel = 12 + 1 // pixels, two transforms, what is shrunken
	case f.alpha != nil:
		h.bytesPerPixel = 2 + 12
	default:
		h.bytesPerPixel = 2
	}
	if f.at.Size() != f.canvas {
		h.bytesPerPixel += 3
	}
	return h, true
}

// readWebP finds the first frame and its size, which every header must agree
// on.
func readWebP(b []byte) (webpFile, bool) {
	if len(b) < 12 || int64(binary.LittleEndian.Uint32(b[4:]))+8 > int64(len(b)) {
		return webpFile{}, false
	}
	var f webpFile
	for kind, body := range chunks(b[12:]) {
		switch kind {
		case "VP8X":
			if len(body) < 10 || f.canvas != (image.Point{}) {
				return f, false
			}
			f.canvas = image.Pt(int(le24(body[4:]))+1, int(le24(body[7:]))+1)
		case "ANMF":
			if f.pixels == nil && !f.frame(body) {
				return f, false
			}
		case "ICCP":
			f.icc = body
		case "EXIF":
			f.tiff = bareTIFF(body)
		default:
			f.note(kind, body)
		}
	}
	size, ok := f.size()
	if !ok {
		return f, false
	}
	if f.canvas == (image.Point{}) {
		f.canvas = size
	}
	if f.at.Empty() {
		f.at.Max = f.canvas
	}
	return f, f.at.Size() == size && f.at.In(image.Rectangle{Max: f.canvas})
}

// note keeps the first pixels and the alpha before them.
func (f *webpFile) note(kind string, body []byte) {
	switch {
	case f.pixels != nil:
	case kind == "ALPH":
		f.alpha = body
	case kind == "VP8 ", kind == "VP8L":
		f.kind, f.pixels = kind, body
	}
}

// frame reads a frame of an animation.
func (f *webpFile) frame(body []byte) bool {
	if len(body) < 16 {
		return false
	}
	f.at.Min = image.Pt(2*int(le24(body)), 2*int(le24(body[3:])))
	f.at.Max = f.at.Min.Add(image.Pt(int(le24(body[6:]))+1, int(le24(body[9:]))+1))
	for kind, part := range chunks(body[16:]) {
		f.note(kind, part)
	}
	return f.pixels != nil
}

// size is what the pixels themselves claim.
func (f *webpFile) size() (image.Point, bool) {
	p := f.pixels
	switch {
	case f.kind == "VP8 " && len(p) >= 10 && p[0]&1 == 0 && string(p[3:6]) == "\x9d\x01\x2a":
		return image.Pt(int(binary.LittleEndian.Uint16(p[6:])&0x3fff), int(binary.LittleEndian.Uint16(p[8:])&0x3fff)), true
	case f.kind == "VP8L" && len(p) >= 5 && p[0] == 0x2f:
		bits := binary.LittleEndian.Uint32(p[1:])
		return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1), true
	default:
		return image.Point{}, false
	}
}

// decode reads the frame and puts it on its canvas.
func (f *webpFile) decode() (image.Image, error) {
	var parts []*chunkReader
	if f.kind == "VP8 " && f.alpha != nil {
		size := f.at.Size()
		x := []byte{0x10, 0, 0, 0}
		x = append(x,
			byte(size.X-1), byte((size.X-1)>>8), byte((size.X-1)>>16),
			byte(size.Y-1), byte((size.Y-1)>>8), byte((size.Y-1)>>16))
		parts = append(parts, riffChunk("VP8X", x), riffChunk("ALPH", f.alpha))
	}
	parts = append(parts, riffChunk(f.kind, f.pixels))
	readers, total := []io.Reader{nil}, 4
	for _, p := range parts {
		readers, total = append(readers, p), total+p.size
	}
	readers[0] = bytes.NewReader(append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(total)), "WEBP"...))
	img, err := webp.Decode(io.MultiReader(readers...))
	switch p := img.(type) {
	case *image.YCbCr:
		fullRange(p)
	case *image.NYCbCrA:
		fullRange(&p.YCbCr)
	}
	if err != nil || f.at.Size() == f.canvas {
		return img, err
	}
	return onCanvas(toPlanes(img), f.canvas, f.at.Min), nil
}

// fullRange stretches the video levels of a lossy WebP, where black is 16 and
// white 235, to those that Go takes every YCbCr picture to have.
func fullRange(p *image.YCbCr) {
	var luma, chroma [256]byte
	for v := range 256 {
		luma[v] = byte(min(255, max(0, (v-16)*255+109)/219))
		chroma[v] = byte(min(255, max(0, (v-128)*255+128*224+112)/224))
	}
	for i, v := range p.Y {
		p.Y[i] = luma[v]
	}
	for i, v := range p.Cb {
		p.Cb[i], p.Cr[i] = chroma[v], chroma[p.Cr[i]]
	}
}

// chunks walks RIFF chunks, as far as they are whole.
func chunks(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for range maxChunks {
			if len(b) < 8 {
				return
			}
			n := int64(binary.LittleEndian.Uint32(b[4:]))
			if n > int64(len(b)-8) || !yield(string(b[:4]), b[8:8+n]) {
				return
			}
			b = b[min(int64(len(b)), 8+n+n&1):]
		}
	}
}

// chunkReader reads a chunk as it stands in a file.
type chunkReader struct {
	io.Reader
	size int
}

func riffChunk(kind string, body []byte) *chunkReader {
	start := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	pad := make([]byte, len(body)&1)
	return &chunkReader{
		Reader: io.MultiReader(bytes.NewReader(start), bytes.NewReader(body), bytes.NewReader(pad)),
		size:   8 + len(body) + len(pad),
	}
}

func le24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }
