//go:build linux && (amd64 || arm64)

package libheif

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// name is what the runtime package of every distribution installs; the one
// without a number comes with the headers only.
const name = "libheif.so.1"

const hevc = 1 // heif_compression_HEVC

// Library is a loaded libheif. One goroutine may use it at a time.
type Library struct {
	contextAlloc   func() unsafe.Pointer
	contextFree    func(context unsafe.Pointer)
	limitSide      func(context unsafe.Pointer, pixels int32)
	limitThreads   func(context unsafe.Pointer, n int32)
	read           func(context unsafe.Pointer, file *byte, size uintptr, options unsafe.Pointer) result
	primary        func(context unsafe.Pointer, handle *unsafe.Pointer) result
	handleRelease  func(handle unsafe.Pointer)
	optionsAlloc   func() *options
	optionsFree    func(*options)
	decode         func(handle unsafe.Pointer, img *unsafe.Pointer, space, chroma int32, o *options) result
	width          func(img unsafe.Pointer, channel int32) int32
	height         func(img unsafe.Pointer, channel int32) int32
	bits           func(img unsafe.Pointer, channel int32) int32
	pixels         func(img unsafe.Pointer, channel int32, stride *int32) *byte
	imageRelease   func(img unsafe.Pointer)
	haveDecoderFor func(compression int32) int32
}

// result is a struct heif_error as far as a register returns it: its code
// and subcode. The text comes in another register and is left there.
type result uint64

func (r result) err(what string) error {
	if uint32(r) == 0 {
		return nil
	}
	return fmt.Errorf("%s: libheif error %d.%d", what, uint32(r), r>>32)
}

// options is the start of a struct heif_decoding_options, which libheif
// allocates in the size that it knows.
type options struct {
	version       uint8
	_             uint8      // whether not to turn the picture
	_             [4]uintptr // progress
	convertTo8Bit uint8
}

// Open loads the library. The program keeps it until it ends.
func Open() (*Library, error) {
	handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	l := &Library{}
	for symbol, fn := range map[string]any{
		"heif_context_alloc":                         &l.contextAlloc,
		"heif_context_free":                          &l.contextFree,
		"heif_context_set_maximum_image_size_limit":  &l.limitSide,
		"heif_context_set_max_decoding_threads":      &l.limitThreads,
		"heif_context_read_from_memory_without_copy": &l.read,
		"heif_context_get_primary_image_handle":      &l.primary,
		"heif_image_handle_release":                  &l.handleRelease,
		"heif_decoding_options_alloc":                &l.optionsAlloc,
		"heif_decoding_options_free":                 &l.optionsFree,
		"heif_decode_image":                          &l.decode,
		"heif_image_get_width":                       &l.width,
		"heif_image_get_height":                      &l.height,
		"heif_image_get_bits_per_pixel":              &l.bits,
		"heif_image_get_plane_readonly":              &l.pixels,
		"heif_image_release":                         &l.imageRelease,
		"heif_have_decoder_for_format":               &l.haveDecoderFor,
	} {
		address, err := purego.Dlsym(handle, symbol)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", name, err)
		}
		purego.RegisterFunc(fn, address)
	}
	if init, err := purego.Dlsym(handle, "heif_init"); err == nil { // since 1.13, where decoders may be plug-ins
		purego.SyscallN(init, 0)
	}
	if l.haveDecoderFor(hevc) == 0 {
		return nil, errors.New(name + " has no decoder for HEVC")
	}
	return l, nil
}
