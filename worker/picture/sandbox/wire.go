package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// maxPicture bounds a request, maxReason a refusal.
const (
	maxPicture = 256 << 20
	maxReason  = 1 << 12
)

var errWire = errors.New("sandbox: unreadable answer")

// ErrRefused says that the process lives and could not decode the picture.
var ErrRefused = errors.New("picture cannot be decoded")

// request is the head of what the process is asked; the file follows.
type request struct {
	LongSide, Bytes uint32
}

// answer is the head of what it says. Planes follow when Reason is zero, the
// reason otherwise.
type answer struct {
	Reason                               uint32 // its length
	FullWidth, FullHeight, Width, Height uint32
}

func writeRequest(w io.Writer, raw []byte, longSide int) error {
	if err := binary.Write(w, binary.BigEndian, request{uint32(longSide), uint32(len(raw))}); err != nil {
		return err
	}
	_, err := w.Write(raw)
	return err
}

func readRequest(r io.Reader) (raw []byte, longSide int, err error) {
	var q request
	if err := binary.Read(r, binary.BigEndian, &q); err != nil {
		return nil, 0, err
	}
	if q.Bytes > maxPicture {
		return nil, 0, errWire
	}
	raw = make([]byte, q.Bytes)
	_, err = io.ReadFull(r, raw)
	return raw, int(q.LongSide), err
}

func writePicture(w io.Writer, full image.Point, p *image.YCbCr) error {
	a := answer{0, uint32(full.X), uint32(full.Y), uint32(p.Rect.Dx()), uint32(p.Rect.Dy())}
	if err := binary.Write(w, binary.BigEndian, a); err != nil {
		return err
	}
	for _, plane := range [][]byte{p.Y, p.Cb, p.Cr} {
		if _, err := w.Write(plane); err != nil {
			return err
		}
	}
	return nil
}

func writeReason(w io.Writer, cause error) error {
	text := cause.Error()
	text = text[:min(len(text), maxReason)]
	if err := binary.Write(w, binary.BigEndian, answer{Reason: uint32(len(text)) + 1}); err != nil {
		return err
	}
	_, err := io.WriteString(w, text)
	return err
}

// readAnswer believes nothing that is larger than what was asked for.
func readAnswer(r io.Reader, longSide int) (*image.YCbCr, image.Point, error) {
	var a answer
	if err := binary.Read(r, binary.BigEndian, &a); err != nil {
		return nil, image.Point{}, err
	}
	if a.Reason > 0 {
		text := make([]byte, min(a.Reason-1, maxReason))
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, image.Point{}, err
		}
		return nil, image.Point{}, fmt.Errorf("%w: %s", ErrRefused, text)
	}
	if a.Width == 0 || a.Height == 0 || max(a.Width, a.Height) > uint32(longSide) || max(a.FullWidth, a.FullHeight) > 1<<16 {
		return nil, image.Point{}, errWire
	}
	p := image.NewYCbCr(image.Rect(0, 0, int(a.Width), int(a.Height)), image.YCbCrSubsampleRatio420)
	for _, plane := range [][]byte{p.Y, p.Cb, p.Cr} {
		if _, err := io.ReadFull(r, plane); err != nil {
			return nil, image.Point{}, err
		}
	}
	return p, image.Pt(int(a.FullWidth), int(a.FullHeight)), nil
}
