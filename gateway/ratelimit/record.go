package ratelimit

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

// record is what one gateway counted of a name in a window: a sum, so that to
// hear it twice changes nothing.
type record struct {
	name  name
	until int64 // unix nanoseconds
	n     uint32
}

const (
	layout    = 1                       // of a message, its first byte
	nameBytes = 8                       // of a record, then its end and its sum
	unit      = int64(time.Millisecond) // of ends on the wire
)

var errMessage = errors.New("no message of counts")

// encode writes a message: which one of its source it is, and its records.
func encode(number uint64, base int64, records []record) []byte {
	b := make([]byte, 0, 24+len(records)*16)
	b = append(b, layout)
	b = binary.AppendUvarint(b, number)
	b = binary.AppendVarint(b, base/unit)
	for _, r := range records {
		b = binary.LittleEndian.AppendUint64(b, uint64(r.name))
		b = binary.AppendVarint(b, r.until/unit-base/unit)
		b = binary.AppendUvarint(b, uint64(r.n))
	}
	return b
}

// decode reads what encode wrote. It comes from outside this process.
func decode(b []byte) (number uint64, records []record, err error) {
	if len(b) == 0 || b[0] != layout {
		return 0, nil, errMessage
	}
	r := reader{left: b[1:]}
	number, base := r.uvarint(), r.varint()
	records = make([]record, 0, len(r.left)/(nameBytes+2))
	for len(r.left) > 0 && !r.failed {
		one := record{name: name(r.uint64()), until: base + r.varint()}
		n := r.uvarint()
		if one.until < 0 || one.until > math.MaxInt64/unit || n > math.MaxUint32/2 {
			r.failed = true
		}
		one.until, one.n = one.until*unit, uint32(n) //nolint:gosec // compared above
		records = append(records, one)
	}
	if r.failed {
		return 0, nil, errMessage
	}
	return number, slices.Clip(records), nil
}

// reader reads numbers, and zeros once one was missing.
type reader struct {
	left   []byte
	failed bool
}

func (r *reader) took(n int) {
	if n <= 0 || n > len(r.left) {
		r.left, r.failed = nil, true
		return
	}
	r.left = r.left[n:]
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.left)
	r.took(n)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.left)
	r.took(n)
	return v
}

func (r *reader) uint64() (v uint64) {
	if len(r.left) >= nameBytes {
		v = binary.LittleEndian.Uint64(r.left)
	}
	r.took(nameBytes)
	return v
}
