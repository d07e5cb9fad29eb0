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
	if err := confine(memory); err != nil {
		return 2
	}
	debug.SetMemoryLimit(memory / 2)
	debug.SetGCPercent(20) // each time WebAssembly grows, its whole memory is copied
	if d.native == nil {
		heic.ForceWasmMode = true // the library's own native mode leaks every picture
		go warm()
	}
	out := os.NewFile(3, "answers") // libheif may print to standard output
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
	if d.native != nil && picture.Sniff(j.raw) == picture.HEIC {
		err = d.native.Decode(j.raw, func(planes *image.YCbCr) {
			p, full = picture.Fit(planes, j.longSide), planes.Rect.Size()
		})
		return p, full, err
	}
	img, err := pixels(j.raw)
	if err != nil {
		return nil, image.Point{}, err
	}
	if img.Bounds().Empty() {
		return nil, image.Point{}, errors.New("no pixels")
	}
	return picture.Fit(picture.Planes(img), j.longSide), img.Bounds().Size(), nil
}

func pixels(raw []byte) (image.Image, error) {
	if picture.Sniff(raw) == picture.HEIC {
		copy(raw[8:12], "heic") // the decoder knows fewer names than there are, and checks only this one
		return heic.Decode(bytes.NewReader(raw))
	}
	return picture.Pixels(raw)
}
