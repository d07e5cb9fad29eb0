package heif

import (
	"encoding/binary"
	"errors"
	"slices"
)

// maxBoxes bounds the boxes that are looked at, and the properties of them.
const maxBoxes = 4096

var errBroken = errors.New("broken HEIF boxes")

// Info is what is known before decoding.
type Info struct {
	Width, Height int    // upright: decoders apply the rotation themselves
	Profile       []byte // ICC, nil without one
	Coded         Coded
	Mask          Mask
}

// Coded are the colours by the numbers of ITU-T H.273; zero is not told.
type Coded struct {
	Primaries, Transfer, Matrix int
	VideoRange                  bool
}

// Video reports whether black is 16 and white 235.
func (c Coded) Video() bool { return c.Primaries != 0 && c.VideoRange }

// Is reports whether b starts as an HEIC file. AVIF is its sibling and no
// HEIC.
func Is(b []byte) bool {
	if len(b) < 16 || string(b[4:8]) != "ftyp" {
		return false
	}
	n := int(min(binary.BigEndian.Uint32(b), 256))
	if n < 16 || n > len(b) {
		return false
	}
	var heic bool
	for i := 8; i+4 <= n; i += 4 {
		brand := string(b[i : i+4])
		if brand == "avif" || brand == "avis" {
			return false
		}
		if i != 12 && slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx"}, brand) {
			heic = true
		}
	}
	return heic
}

// Read reads the boxes of the primary picture.
func Read(b []byte) (Info, error) {
	left := maxBoxes
	var f file
	if !f.open(b, &left) {
		return Info{}, errBroken
	}
	var info Info
	var turned bool
	for _, p := range f.properties(f.primary, &left) {
		turned = info.note(p) != turned
	}
	if info.Profile == nil && info.Coded == (Coded{}) {
		info.borrow(f.shared)
	}
	if turned {
		info.Width, info.Height = info.Height, info.Width
	}
	if info.Width <= 0 || info.Height <= 0 {
		return Info{}, errBroken
	}
	info.Mask = f.mask(&left)
	return info, nil
}

// file is what the boxes tell of pictures.
type file struct {
	meta    []byte
	pitm    []byte
	primary uint32
	iprp    []byte
	shared  []box // properties of any picture, which ipma hands out
}

func (f *file) open(b []byte, left *int) bool {
	meta, ok := find(b, "meta", left)
	if !ok || len(meta) < 4 {
		return false
	}
	f.meta = meta[4:] // version and flags
	if f.pitm, ok = find(f.meta, "pitm", left); !ok {
		return false
	}
	if f.primary, ok = item(f.pitm); !ok {
		return false
	}
	if f.iprp, ok = find(f.meta, "iprp", left); !ok {
		return false
	}
	ipco, ok := find(f.iprp, "ipco", left)
	for x := range boxes(ipco, left) {
		f.shared = append(f.shared, x)
	}
	return ok
}

// properties are those of one picture, in its order.
func (f *file) properties(of uint32, left *int) (out []box) {
	for x := range boxes(f.iprp, left) {
		if x.kind != "ipma" {
			continue
		}
		for _, index := range associations(x.body, of) {
			if index >= 1 && index <= len(f.shared) {
				out = append(out, f.shared[index-1])
			}
		}
	}
	return out
}

// borrow takes the colours of the tiles, where only they are said to have
// any: the iPhone 7 writes so.
func (i *Info) borrow(properties []box) {
	for _, p := range properties {
		if p.kind == "colr" {
			i.note(p)
		}
	}
}

// note takes in one property, and reports whether it swaps the sides.
func (i *Info) note(p box) (swaps bool) {
	b := p.body
	switch {
	case p.kind == "ispe" && len(b) >= 12:
		w, h := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		i.Width, i.Height = max(i.Width, int(min(w, 1<<30))), max(i.Height, int(min(h, 1<<30)))
	case p.kind == "irot" && len(b) >= 1:
		return b[0]&1 == 1
	case p.kind == "colr" && len(b) >= 4:
		switch string(b[:4]) {
		case "prof", "rICC":
			i.Profile = b[4:]
		case "nclx":
			if len(b) >= 11 {
				word := func(at int) int { return int(binary.BigEndian.Uint16(b[at:])) }
				i.Coded = Coded{word(4), word(6), word(8), b[10]&0x80 == 0}
			}
		}
	}
	return false
}

// item reads the number of the primary item.
func item(pitm []byte) (uint32, bool) {
	switch {
	case len(pitm) >= 6 && pitm[0] == 0:
		return uint32(binary.BigEndian.Uint16(pitm[4:])), true
	case len(pitm) >= 8:
		return binary.BigEndian.Uint32(pitm[4:]), true
	default:
		return 0, false
	}
}

// associations lists the properties of an item, by their place from one.
func associations(b []byte, of uint32) []int {
	if len(b) < 8 {
		return nil
	}
	wideItem, wideIndex := b[0] >= 1, b[3]&1 == 1
	count := binary.BigEndian.Uint32(b[4:])
	b = b[8:]
	for ; count > 0; count-- {
		var id uint32
		switch {
		case wideItem && len(b) >= 5:
			id, b = binary.BigEndian.Uint32(b), b[4:]
		case !wideItem && len(b) >= 3:
			id, b = uint32(binary.BigEndian.Uint16(b)), b[2:]
		default:
			return nil
		}
		size := 1
		if wideIndex {
			size = 2
		}
		n := int(b[0])
		b = b[1:]
		if n*size > len(b) {
			return nil
		}
		if id == of {
			return indexes(b[:n*size], size)
		}
		b = b[n*size:]
	}
	return nil
}

func indexes(b []byte, size int) (out []int) {
	for i := 0; i < len(b); i += size {
		index := int(b[i] & 0x7f)
		if size == 2 {
			index = index<<8 | int(b[i+1])
		}
		out = append(out, index)
	}
	return out
}
