package heif

import (
	"encoding/binary"
	"iter"
)

// box is one box of an ISO base media file.
type box struct {
	kind string
	body []byte
	name []byte // the kind, where it is written
}

// boxes walks b, one level deep, while boxes are whole and left allows.
func boxes(b []byte, left *int) iter.Seq[box] {
	return func(yield func(box) bool) {
		for len(b) >= 8 && *left > 0 {
			*left--
			head, size := uint64(8), uint64(binary.BigEndian.Uint32(b))
			switch {
			case size == 0:
				size = uint64(len(b))
			case size == 1 && len(b) >= 16:
				head, size = 16, binary.BigEndian.Uint64(b[8:])
			}
			if size < head || size > uint64(len(b)) || !yield(box{string(b[4:8]), b[head:size], b[4:8]}) {
				return
			}
			b = b[size:]
		}
	}
}

func find(b []byte, kind string, left *int) ([]byte, bool) {
	for x := range boxes(b, left) {
		if x.kind == kind {
			return x.body, true
		}
	}
	return nil, false
}
