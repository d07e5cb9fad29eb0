package photo_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
)

func TestAPhotoDecodesAndRepeats(t *testing.T) {
	t.Parallel()
	a, err := photo.JPEG(1, 320, 240, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := photo.JPEG(1, 320, 240, photo.Rotated)
	other, _ := photo.JPEG(2, 320, 240, photo.Rotated)
	if !bytes.Equal(a, again) || bytes.Equal(a, other) {
		t.Error("the seed must decide the photo")
	}
	img, err := jpeg.Decode(bytes.NewReader(a))
	if err != nil || img.Bounds().Dx() != 320 || img.Bounds().Dy() != 240 {
		t.Errorf("decoded %v, %v", img.Bounds(), err)
	}
	if !bytes.Contains(a, []byte(photo.Camera)) {
		t.Error("the photo names no camera")
	}
}
