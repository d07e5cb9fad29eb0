package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// MaxBytes bounds a profile. Those of printers reach two megabytes.
const MaxBytes = 4 << 20

const maxTags = 128

// ErrUnsupported says that a profile is sound, as far as it was read, and of
// a kind that this package does not convert.
var ErrUnsupported = errors.New("profile of an unsupported kind")

var errBroken = errors.New("broken profile")

// Profile tells what the numbers of a picture mean as colours.
type Profile struct {
	gray   bool
	table  *table   // of a printer, which has nothing else
	curves [3]curve // to linear light; a gray profile has one
	matrix matrix   // linear light to XYZ under D50
}

// Gray reports whether the profile describes a single channel.
func (p *Profile) Gray() bool { return p.gray }

// Parse reads a profile.
func Parse(b []byte) (*Profile, error) {
	if len(b) < 132 || len(b) > MaxBytes || string(b[36:40]) != "acsp" {
		return nil, errBroken
	}
	t, err := readTags(b)
	if err != nil {
		return nil, err
	}
	space, connection := string(b[16:20]), string(b[20:24])
	switch {
	case space == "RGB " && connection == "XYZ ":
		return t.colour()
	case space == "CMYK" && connection == "Lab ":
		return t.cmyk()
	case space == "GRAY" && connection == "XYZ ":
		k, err := t.curve("kTRC")
		return &Profile{gray: true, curves: [3]curve{k, k, k}}, err
	default:
		return nil, fmt.Errorf("%w: %q by %q", ErrUnsupported, space, connection)
	}
}

// tags are the parts of a profile by name.
type tags map[string][]byte

func readTags(b []byte) (tags, error) {
	count := int64(binary.BigEndian.Uint32(b[128:]))
	if count > maxTags || 132+count*12 > int64(len(b)) {
		return nil, errBroken
	}
	t := make(tags, count)
	for i := range int(count) {
		entry := b[132+i*12:]
		at, size := int64(binary.BigEndian.Uint32(entry[4:])), int64(binary.BigEndian.Uint32(entry[8:]))
		if at+size > int64(len(b)) {
			return nil, errBroken
		}
		t[string(entry[:4])] = b[at : at+size]
	}
	return t, nil
}

func (t tags) colour() (*Profile, error) {
	p := &Profile{}
	for i, name := range []string{"r", "g", "b"} {
		xyz, known := t[name+"XYZ"]
		if !known {
			return nil, fmt.Errorf("%w: no matrix", ErrUnsupported)
		}
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil, errBroken
		}
		for row := range 3 {
			p.matrix[row][i] = fixed(xyz[8+4*row:])
		}
		var err error
		if p.curves[i], err = t.curve(name + "TRC"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (t tags) curve(name string) (curve, error) {
	b := t[name]
	if len(b) < 12 {
		return nil, errBroken
	}
	switch string(b[:4]) {
	case "curv":
		return tableCurve(b)
	case "para":
		return parametricCurve(b)
	default:
		return nil, fmt.Errorf("%w: curve %q", ErrUnsupported, b[:4])
	}
}

// fixed reads an s15Fixed16Number.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / (1 << 16) }

// DisplayP3 is the profile of iPhone screens, for pictures that only name it.
func DisplayP3() *Profile {
	return &Profile{
		curves: [3]curve{linear, linear, linear},
		matrix: matrix{{0.515121, 0.291977, 0.157104}, {0.241196, 0.692245, 0.066574}, {-0.001053, 0.041885, 0.784073}},
	}
}

// linear is the curve of sRGB.
func linear(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}
