package heif

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Mask is the picture of a file that tells how opaque its photo is. The zero
// Mask is that of an opaque photo.
type Mask struct {
	Item          uint32
	Width, Height int
	Premultiplied bool // the photo's colours are dimmed by it already
}

// mask finds the picture that says of itself that it is the primary one's
// opacity. There are others beside it, of depth or of brightness.
func (f *file) mask(left *int) Mask {
	iref, ok := find(f.meta, "iref", left)
	if !ok || len(iref) < 4 {
		return Mask{}
	}
	var m Mask
	var dimmed bool
	for x := range boxes(iref[4:], left) {
		from, to := reference(x.body, iref[0] >= 1)
		switch {
		case x.kind == "auxl" && m.Item == 0 && slices.Contains(to, f.primary):
			m = f.opacity(from, left)
		case x.kind == "prem" && from == f.primary:
			dimmed = true
		}
	}
	if m.Item == 0 {
		return Mask{}
	}
	m.Premultiplied = dimmed
	return m
}

// opacity is the mask that item is, if it is one.
func (f *file) opacity(item uint32, left *int) Mask {
	var size Info
	var means bool
	for _, p := range f.properties(item, left) {
		size.note(p)
		means = means || p.kind == "auxC" && len(p.body) > 4 && isOpacity(p.body[4:])
	}
	if !means {
		return Mask{}
	}
	return Mask{Item: item, Width: size.Width, Height: size.Height}
}

func isOpacity(name []byte) bool {
	name, _, _ = bytes.Cut(name, []byte{0})
	switch string(name) {
	case "urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha":
		return true
	default:
		return false
	}
}

// reference reads one entry of iref.
func reference(b []byte, wide bool) (from uint32, to []uint32) {
	size := 2
	if wide {
		size = 4
	}
	if len(b) < size+2 {
		return 0, nil
	}
	id := func(b []byte) uint32 {
		if wide {
			return binary.BigEndian.Uint32(b)
		}
		return uint32(binary.BigEndian.Uint16(b))
	}
	from = id(b)
	count := int(binary.BigEndian.Uint16(b[size:]))
	for b = b[size+2:]; count > 0 && len(b) >= size; count-- {
		to, b = append(to, id(b)), b[size:]
	}
	return from, to
}

// Promote makes item the primary picture of b, in place, and gives back
// which one was. Decoders then decode it instead. It must not be hidden for
// that, and is not afterwards.
func Promote(b []byte, item uint32) (was uint32, ok bool) {
	left := maxBoxes
	var f file
	if !f.open(b, &left) || !f.show(item, &left) {
		return 0, false
	}
	switch {
	case f.pitm[0] != 0:
		binary.BigEndian.PutUint32(f.pitm[4:], item)
	case item <= 1<<16-1:
		binary.BigEndian.PutUint16(f.pitm[4:], uint16(item))
	default:
		return 0, false
	}
	return f.primary, true
}

// show takes the mark of a hidden picture off.
func (f *file) show(item uint32, left *int) bool {
	iinf, ok := find(f.meta, "iinf", left)
	if !ok || len(iinf) < 8 {
		return false
	}
	entries := iinf[6:]
	if iinf[0] != 0 {
		entries = iinf[8:]
	}
	for x := range boxes(entries, left) {
		if x.kind != "infe" || len(x.body) < 8 {
			continue
		}
		id := uint32(binary.BigEndian.Uint16(x.body[4:]))
		if x.body[0] >= 3 {
			id = binary.BigEndian.Uint32(x.body[4:])
		}
		if id == item {
			x.body[3] &^= 1
			return true
		}
	}
	return false
}
