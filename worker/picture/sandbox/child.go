package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/gen2brain/heic"

	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/heif"
	"github.com/imgfleet/imgfleet/worker/picture/libheif"
)

// Wanted reports whether a program's arguments ask it to be a decoder.
func Wanted(args []string) bool { return len(args) == 3 && args[0] == Argument }

// Child is the decoder: it answers until its standard input ends, and ends
// then at once, whatever it does: its parent is gone. It returns the exit
// code. args are those that Wanted saw.
func Child(args []string, in io.Reader) int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // the parent decides
	memory, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return 2
	}
	var d decoder
	if HEIF(args[1]) == Native {
		if d.native, err = libheif.Open(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	if memory == 0 { // it was only asked whether it could
		return 0
	}
	out := os.NewFile(3, "answers") // libheif may print to standard output
	if err := errors.Join(confine(memory), enclose(HEIF(args[1]))); err != nil {
		return 2
	}
	debug.SetMemoryLimit(memory * 3 / 4)
	debug.SetGCPercent(20) // each time WebAssembly grows, its whole memory is copied
	if d.native == nil {
		heic.ForceWasmMode = true // the library's own native mode leaks every picture
		go warm()
	}
	asked := make(chan job)
	go func() {
		for {
			raw, longSide, err := readRequest(in)
			if err != nil {
				os.Exit(0) //nolint:forbidigo // the decoder may be deep in WebAssembly, which hears of nothing
			}
			asked <- job{raw, longSide}
		}
	}()
	for j := range asked {
		if err := d.answer(out, j); err != nil {
			return 1
		}
		debug.FreeOSMemory()
	}
	return 0
}

// warm compiles the decoder while nobody waits for it.
func warm() { _, _ = heic.DecodeConfig(bytes.NewReader(nil)) }

type job struct {
	raw      []byte
	longSide int
}

// decoder decodes one picture after the other.
type decoder struct {
	native *libheif.Library // nil for WebAssembly
}

func (d decoder) answer(out io.Writer, j job) error {
	p, full, err := d.decode(j)
	if err != nil {
		return writeReason(out, err)
	}
	return writePicture(out, full, p)
}

func (d decoder) decode(j job) (p *image.YCbCr, full image.Point, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("decoder panicked: %v", r)
		}
	}()
	use := func(img image.Image) {
		if size := img.Bounds().Size(); size.X > 0 && size.Y > 0 {
			p, full = picture.Shrink(img, j.longSide), size
		}
	}
	if picture.Sniff(j.raw) == picture.HEIC {
		err = d.heic(j.raw, func(planes *image.YCbCr) { use(planes) })
	} else {
		var img image.Image
		if img, err = picture.Pixels(j.raw); err == nil {
			use(img)
		}
	}
	if err == nil && p == nil {
		err = errors.New("no pixels")
	}
	return p, full, err
}

// heic gives the planes of a photo to use, on white where it is transparent.
func (d decoder) heic(raw []byte, use func(*image.YCbCr)) error {
	info, err := heif.Read(raw)
	if err != nil {
		return err
	}
	if info.Mask.Item == 0 {
		return d.primary(raw, use)
	}
	mask, err := d.mask(raw, info)
	if err != nil {
		return err
	}
	return d.primary(raw, func(p *image.YCbCr) {
		picture.Flatten(p, mask, info)
		use(p)
	})
}

// mask decodes the opacity of a photo, which is a picture like any other
// once the file calls it the primary one.
func (d decoder) mask(raw []byte, info heif.Info) (*image.Gray, error) {
	if info.Mask.Width*info.Mask.Height > info.Width*info.Height {
		return nil, errors.New("the mask is larger than the photo")
	}
	was, ok := heif.Promote(raw, info.Mask.Item)
	if !ok {
		return nil, errors.New("there is no mask")
	}
	var mask *image.Gray
	err := d.primary(raw, func(p *image.YCbCr) {
		mask = image.NewGray(p.Rect)
		for y := range p.Rect.Dy() {
			copy(mask.Pix[y*mask.Stride:][:mask.Stride], p.Y[y*p.YStride:])
		}
	})
	if err == nil && mask.Rect.Empty() {
		err = errors.New("the mask is empty")
	}
	heif.Promote(raw, was)
	return mask, err
}

// primary gives the planes of the primary picture to use, which must keep
// none of them and may change them.
func (d decoder) primary(raw []byte, use func(*image.YCbCr)) error {
	if d.native != nil {
		return d.native.Decode(raw, use)
	}
	heif.AsColour(raw)
	copy(raw[8:12], "heic") // the decoder knows fewer names than there are, and checks only this one
	img, err := heic.Decode(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	use(picture.Planes(img))
	return nil
}
