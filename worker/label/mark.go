package label

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// minShare is the height of the mark's text as a share of the picture's
// shortest side; the standard asks for 5 %.
const minShare = 0.05

// minHeight keeps the characters readable on the smallest pictures, pixels.
const minHeight = 13

// mark is the visible label for one picture size: where its plate lies, and
// how much of each of its pixels is letter.
type mark struct {
	plate  image.Rectangle
	radius float64
	glyphs *image.Alpha // of the plate's size
}

// corner is where a mark lies.
type corner int

const (
	bottomRight corner = iota // the label's, and nobody else's
	topLeft                   // a brand's
)

// layout places a mark in a corner, inside a margin, for a picture of
// width × height. Text too long for the width is set as large as fits.
func layout(f *opentype.Font, text string, at corner, width, height int) (*mark, error) {
	short := float64(min(width, height))
	ink, err := inkAt(f, text, 100)
	if err != nil {
		return nil, err
	}
	size := 100 * max(minHeight, math.Ceil(short*minShare)) / float64(ink.Max.Y-ink.Min.Y)
	if room := float64(width) * 0.75; size*float64(ink.Max.X-ink.Min.X)/100 > room {
		size = room * 100 / float64(ink.Max.X-ink.Min.X)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("label: set face: %w", err)
	}
	defer func() { _ = face.Close() }()
	return compose(face, text, at, width, height), nil
}

// inkAt measures what text blackens at a size, in whole pixels.
func inkAt(f *opentype.Font, text string, size float64) (image.Rectangle, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("label: set face: %w", err)
	}
	defer func() { _ = face.Close() }()
	return ink(face, text), nil
}

func ink(face font.Face, text string) image.Rectangle {
	b, _ := font.BoundString(face, text)
	return image.Rect(b.Min.X.Floor(), b.Min.Y.Floor(), b.Max.X.Ceil(), b.Max.Y.Ceil())
}

func compose(face font.Face, text string, at corner, width, height int) *mark {
	box := ink(face, text)
	padX, padY := box.Dy()*11/20, box.Dy()*2/5
	margin := max(1, min(width, height)/50)
	w, h := box.Dx()+2*padX, box.Dy()+2*padY
	plate := image.Rect(width-margin-w, height-margin-h, width-margin, height-margin)
	if at == topLeft {
		plate = image.Rect(margin, margin, margin+w, margin+h)
	}
	m := &mark{
		plate:  plate,
		radius: float64(h) / 2,
		glyphs: image.NewAlpha(image.Rect(0, 0, w, h)),
	}
	d := font.Drawer{
		Dst: m.glyphs, Src: image.Opaque, Face: face,
		Dot: fixed.P(padX-box.Min.X, padY-box.Min.Y),
	}
	d.DrawString(text)
	return m
}

// cover is how much of the plate's pixel (x, y) lies inside its round ends.
func (m *mark) cover(x, y int) float64 {
	w, h := float64(m.plate.Dx()), float64(m.plate.Dy())
	px, py := float64(x)+0.5, float64(y)+0.5
	cx := max(m.radius, min(px, w-m.radius))
	cy := max(m.radius, min(py, h-m.radius))
	return max(0, min(1, m.radius-math.Hypot(px-cx, py-cy)+0.5))
}
