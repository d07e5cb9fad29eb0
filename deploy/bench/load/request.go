package load

import (
	"fmt"
	"strconv"
)

// The first seed fixes the width, so that a request is made once and only
// its digits change.
const (
	seedDigits = 10
	minSeed    = 1_000_000_000
	maxSeed    = 2_147_483_647
)

// request is one POST /tasks, whole, with holes for the seed and the key.
type request struct {
	wire []byte
	key  int // where its digits stand, 0 for no key
	seed int
}

func newRequest(p Post, o Owner) *request {
	body := fmt.Sprintf(`{"uploadId":%q,"style":%q,"place":%q,"options":{"seed":`, o.Upload, p.Style, p.Place)
	head := fmt.Sprintf("POST /tasks HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
		p.Addr, o.Token, len(body)+seedDigits+len("}}"))
	r := &request{wire: []byte(head)}
	if p.Keys {
		r.wire = append(r.wire, "Idempotency-Key: bench-"...)
		r.key = len(r.wire)
		r.wire = append(r.wire, "0000000000\r\n"...)
	}
	r.wire = append(append(r.wire, "\r\n"...), body...)
	r.seed = len(r.wire)
	r.wire = append(r.wire, "0000000000}}"...)
	return r
}

// with returns the bytes of the request with this seed.
func (r *request) with(seed int64) []byte {
	var digits [20]byte
	d := strconv.AppendInt(digits[:0], seed, 10)
	copy(r.wire[r.seed:r.seed+seedDigits], d)
	if r.key > 0 {
		copy(r.wire[r.key:r.key+seedDigits], d)
	}
	return r.wire
}
