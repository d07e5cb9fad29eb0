//go:build !linux || !(amd64 || arm64)

package libheif

import (
	"errors"
	"image"
)

// Library is a loaded libheif, of which there is none here.
type Library struct{}

// Open says that there is none.
func Open() (*Library, error) {
	return nil, errors.New("libheif is loaded on Linux only, on amd64 and arm64")
}

// Decode is never called.
func (*Library) Decode([]byte, func(*image.YCbCr)) error { return errors.ErrUnsupported }
