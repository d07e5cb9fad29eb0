package label

import (
	_ "embed"
	"image"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
)

//go:embed brand.otf
var brandFile []byte

// Brand draws the words of a campaign into the corner that the label never
// uses. It comes before Label: whatever the picture's shape, the label lies on
// top. Characters that the font lacks are left out, because the picture is
// paid for.
func (l *Labeller) Brand(img *image.YCbCr, words string) error {
	words = l.writable(words)
	if words == "" {
		return nil
	}
	m, err := layout(l.brand, words, topLeft, img.Rect.Dx(), img.Rect.Dy())
	if err != nil {
		return err
	}
	m.burn(img)
	return nil
}

// writable is what the font can write of words, not more than a mark may have.
func (l *Labeller) writable(words string) string {
	kept, left := strings.Builder{}, task.MaxBrandMark
	for _, r := range words {
		if i, err := l.brand.GlyphIndex(nil, r); err == nil && i != 0 && left > 0 {
			kept.WriteRune(r)
			left--
		}
	}
	return strings.TrimSpace(kept.String())
}
