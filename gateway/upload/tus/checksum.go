package tus

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the one algorithm that the protocol demands; it guards against accidents only
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const algorithms = "sha1,sha256"

// checksum is what the client says that a chunk hashes to.
type checksum struct {
	hash hash.Hash
	want []byte
}

// parseChecksum reads Upload-Checksum, "<algorithm> <base64>"; nil when there
// is none.
func parseChecksum(header string) (*checksum, error) {
	if header == "" {
		return nil, nil //nolint:nilnil // no checksum is no error
	}
	var c checksum
	name, value, _ := strings.Cut(header, " ")
	switch name {
	case "sha1":
		c.hash = sha1.New() //nolint:gosec // see above
	case "sha256":
		c.hash = sha256.New()
	default:
		return nil, fault.New(fault.ChunkChecksumInvalid)
	}
	want, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(want) != c.hash.Size() {
		return nil, fault.New(fault.ChunkChecksumInvalid)
	}
	c.want = want
	return &c, nil
}

// accept compares once the chunk has come.
func (c *checksum) accept() error {
	if !bytes.Equal(c.hash.Sum(nil), c.want) {
		return fault.New(fault.ChunkChecksumMismatch)
	}
	return nil
}
