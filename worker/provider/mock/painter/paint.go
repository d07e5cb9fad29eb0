package painter

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/jpeg"
	"math"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/picture"
)

// maxPainted bounds the long side that is really painted, pixels. Larger
// pictures are enlarged at the end: four times the pixels of a phone's screen
// are not worth four times the time.
const maxPainted = 1280

// Scene is what to paint.
type Scene struct {
	Style   catalog.Style
	Place   catalog.Place
	Options task.Options
	Seed    int64
}

// Paint decodes a JPEG and returns the picture, as a JPEG. The same photo and
// scene give the same bytes; another seed gives another picture.
func Paint(photo []byte, s Scene) ([]byte, error) {
	img, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode photo: %w", err)
	}
	style, err := parsePalette(s.Style.Palette)
	if err != nil {
		return nil, fmt.Errorf("style %s: %w", s.Style.ID, err)
	}
	place, err := parsePalette(s.Place.Palette)
	if err != nil {
		return nil, fmt.Errorf("place %s: %w", s.Place.ID, err)
	}
	w, h := canvas(img.Bounds().Dx(), img.Bounds().Dy(), s.Options)
	p := &painter{style: style, place: place, scene: s, n: s.noise(), strength: strength(s)}
	k := min(1, maxPainted/float64(max(w, h)))
	p.sheet = p.compose(cut(img, int(float64(w)*k+0.5), int(float64(h)*k+0.5)))
	p.texture()
	p.frame()
	out := p.sheet.toYCbCr()
	if k < 1 {
		out = picture.Resize(out, w, h)
	}
	return picture.Encode(out, 92)
}

// Sample is the fixed picture of load tests: small, and painted like any.
func Sample() ([]byte, error) {
	gray := image.NewGray(image.Rect(0, 0, 96, 96))
	for i := range gray.Pix {
		gray.Pix[i] = byte(60 + i%96)
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, gray, nil); err != nil {
		return nil, err
	}
	return Paint(photo.Bytes(), Scene{
		Place: catalog.Place{Backdrop: "lake"}, Options: task.Options{Aspect: "1:1", Resolution: "256"},
	})
}

// noise is the field that the seed and the chosen entries determine.
func (s Scene) noise() noise {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d|%s|%s", s.Seed, s.Style.ID, s.Place.ID)
	return noise(h.Sum64())
}

// strength is how far the picture leaves the photo: the style's own, bent by
// guidance and steps as models are.
func strength(s Scene) float32 {
	v := s.Style.Strength
	if v <= 0 || v > 1 {
		v = 0.6
	}
	if s.Options.CFG > 0 {
		v += (s.Options.CFG - 7) * 0.02
	}
	if s.Options.Steps > 0 {
		v += float64(s.Options.Steps-25) * 0.003
	}
	return float32(max(0.15, min(v, 0.95)))
}

// cut takes the largest part of img with the wanted ratio, a little above
// the middle, where faces are, at the wanted size.
func cut(img image.Image, w, h int) *sheet {
	src := picture.Planes(img)
	b := src.Rect
	cw, ch := b.Dx(), b.Dy()
	if ratio := float64(w) / float64(h); float64(cw) > float64(ch)*ratio {
		cw = max(1, int(math.Round(float64(ch)*ratio)))
	} else {
		ch = max(1, int(math.Round(float64(cw)/ratio)))
	}
	x, y := b.Min.X+(b.Dx()-cw)/2, b.Min.Y+(b.Dy()-ch)*2/5
	part, ok := src.SubImage(image.Rect(x, y, x+cw, y+ch)).(*image.YCbCr)
	if !ok {
		part = src
	}
	return fromYCbCr(picture.Resize(part, w, h))
}

// painter carries one picture through its passes.
type painter struct {
	style, place palette
	scene        Scene
	n            noise
	strength     float32
	sheet        *sheet
}

// compose sets the person before the backdrop, both in the style's colours.
func (p *painter) compose(photo *sheet) *sheet {
	pen := newPen(photo.w, photo.h, p.place, p.n)
	pen.backdrop(p.scene.Place.Backdrop)
	back := pen.done()
	mask := figure(photo)
	ramp := p.style.ramp()
	out := newSheet(photo.w, photo.h)
	rim := p.place.light().mix(p.style.light(), 0.5)
	out.each(func(x, y int, _ rgb) rgb {
		m := mask.sample((float32(x)+0.5)/float32(out.w), (float32(y)+0.5)/float32(out.h))
		c := back.at(x, y)
		c = c.mix(ramp[clip(c.luma())], p.strength*0.34)
		if m > 0 {
			c = c.mix(p.grade(photo.at(x, y), &ramp), m)
		}
		return c.add(rim, 0.28*m*(1-m))
	})
	return out
}

// grade maps a colour of the photo to the style's palette by brightness and
// lets some of its own hue through, lit a little by the place.
func (p *painter) grade(c rgb, ramp *[256]rgb) rgb {
	l := c.luma()
	g := ramp[clip((l-128)*1.1+132)]
	own := c.saturate(1.15).mix(p.place.at(l/255), 0.16)
	return own.mix(g, 0.2+p.strength*0.55)
}
