package label

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/font/opentype"
)

//go:embed label.otf
var fontFile []byte

// ErrUnlabelled is what Check returns, wrapped, for a picture that must not
// leave.
var ErrUnlabelled = errors.New("picture is not labelled")

// Labeller marks pictures with one configuration.
type Labeller struct {
	cfg   Config
	font  *opentype.Font
	brand *opentype.Font
}

// New reads the embedded font and proves that it can write the configured
// text.
func New(cfg Config) (*Labeller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	f, err := opentype.Parse(fontFile)
	if err != nil {
		return nil, fmt.Errorf("label: read font: %w", err)
	}
	for _, r := range cfg.Text {
		if i, err := f.GlyphIndex(nil, r); err != nil || i == 0 {
			return nil, fmt.Errorf("label.text: the font has no %q", r)
		}
	}
	brand, err := opentype.Parse(brandFile)
	if err != nil {
		return nil, fmt.Errorf("label: read font for brands: %w", err)
	}
	return &Labeller{cfg: cfg, font: f, brand: brand}, nil
}

// Label burns the mark into img, which it changes, and returns a JPEG with
// the metadata. id is our number of this content.
func (l *Labeller) Label(img *image.YCbCr, id string, quality int) ([]byte, error) {
	m, err := layout(l.font, l.cfg.Text, bottomRight, img.Rect.Dx(), img.Rect.Dy())
	if err != nil {
		return nil, err
	}
	m.burn(img)
	var buf bytes.Buffer
	buf.Grow(img.Rect.Dx() * img.Rect.Dy() / 4)
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("label: encode: %w", err)
	}
	propagator := l.cfg.ContentPropagator
	if propagator == "" {
		propagator = l.cfg.ContentProducer
	}
	return embed(buf.Bytes(), AIGC{
		Label: "1", ContentProducer: l.cfg.ContentProducer, ProduceID: id,
		ContentPropagator: propagator, PropagateID: id,
	})
}

// Check proves that a JPEG carries the visible mark and the metadata. It
// decodes the picture: use it where a mistake would cost more than that.
func (l *Labeller) Check(data []byte) error {
	if _, err := Read(data); err != nil {
		return fmt.Errorf("%w: %w", ErrUnlabelled, err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnlabelled, err)
	}
	p, ok := img.(*image.YCbCr)
	if !ok {
		return fmt.Errorf("%w: not a colour JPEG", ErrUnlabelled)
	}
	m, err := layout(l.font, l.cfg.Text, bottomRight, p.Rect.Dx(), p.Rect.Dy())
	if err != nil {
		return err
	}
	if !m.visible(p) {
		return fmt.Errorf("%w: no visible mark", ErrUnlabelled)
	}
	return nil
}
