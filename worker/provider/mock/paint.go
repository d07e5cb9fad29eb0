package mock

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Scene is what to paint.
type Scene struct {
	Style   catalog.Style
	Place   catalog.Place
	Options task.Options
	Seed    int64
}

// Paint decodes a JPEG and returns the picture, as a JPEG.
func Paint(photo []byte, s Scene) ([]byte, error) {
	img, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode photo: %w", err)
	}
	var buf bytes.Buffer
	err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: 92})
	return buf.Bytes(), err
}

func sample() ([]byte, error) {
	img := image.NewYCbCr(image.Rect(0, 0, 256, 256), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i)
	}
	var buf bytes.Buffer
	_ = color.White
	err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 92})
	return buf.Bytes(), err
}
