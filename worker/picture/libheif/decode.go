//go:build linux && (amd64 || arm64)

package libheif

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"unsafe"
)

// maxSide bounds what libheif begins to decode, in pixels.
const maxSide = 1 << 14

const (
	spaceYCbCr = 0
	chroma420  = 1
)

var errLayout = errors.New("libheif gave planes of another layout")

// Decode gives the pixels of the primary picture, turned as they are to be
// shown, to use, which must keep none of them and may change them.
func (l *Library) Decode(raw []byte, use func(*image.YCbCr)) error {
	if len(raw) == 0 {
		return errors.New("no file")
	}
	defer runtime.KeepAlive(raw) // libheif reads it until the context is gone
	context := l.contextAlloc()
	if context == nil {
		return errors.New("libheif has no memory")
	}
	defer l.contextFree(context)
	l.limitSide(context, maxSide)
	l.limitThreads(context, 0) // tiles are decoded in this thread
	if err := l.read(context, &raw[0], uintptr(len(raw)), nil).err("read"); err != nil {
		return err
	}
	var handle unsafe.Pointer
	if err := l.primary(context, &handle).err("find the picture"); err != nil {
		return err
	}
	defer l.handleRelease(handle)
	o := l.optionsAlloc()
	defer l.optionsFree(o)
	if o.version >= 2 {
		o.convertTo8Bit = 1
	}
	var img unsafe.Pointer
	if err := l.decode(handle, &img, spaceYCbCr, chroma420, o).err("decode"); err != nil {
		return err
	}
	defer l.imageRelease(img)
	p, err := l.planes(img)
	if err != nil {
		return err
	}
	use(p)
	return nil
}

// planes looks at the memory of libheif as at a picture of ours.
func (l *Library) planes(img unsafe.Pointer) (*image.YCbCr, error) {
	width, height := int(l.width(img, 0)), int(l.height(img, 0))
	if width <= 0 || height <= 0 || width > maxSide || height > maxSide {
		return nil, fmt.Errorf("%w: %d × %d", errLayout, width, height)
	}
	p := &image.YCbCr{SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, width, height)}
	var strides [3]int32
	for channel, plane := range []*[]byte{&p.Y, &p.Cb, &p.Cr} {
		c, w, h := int32(channel), width, height
		if channel > 0 {
			w, h = (w+1)/2, (h+1)/2
		}
		first := l.pixels(img, c, &strides[channel])
		stride := int(strides[channel])
		if first == nil || l.bits(img, c) != 8 || int(l.width(img, c)) != w || int(l.height(img, c)) != h || stride < w {
			return nil, fmt.Errorf("%w: channel %d of %d × %d", errLayout, channel, width, height)
		}
		*plane = unsafe.Slice(first, stride*(h-1)+w)
	}
	if strides[1] != strides[2] {
		return nil, errLayout
	}
	p.YStride, p.CStride = int(strides[0]), int(strides[1])
	return p, nil
}
