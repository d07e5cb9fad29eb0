package task

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// ID names one task; SessionID an anonymous owner; UploadID a photo. All are
// 26 lower-case base32 characters: opaque, unguessable and safe in URLs, file
// names and queue subjects.
type (
	ID        string
	SessionID string
	UploadID  string
)

const idLength = 26

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID draws 128 random bits as an opaque id.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return idEncoding.EncodeToString(b[:])
}

// DeriveID hashes its parts to an id: the same parts give the same id, which
// is how an Idempotency-Key finds the task it made.
func DeriveID(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return idEncoding.EncodeToString(sum[:16])
}

// ValidID reports whether s has the shape of an id. Everything from outside
// passes here before it becomes part of a subject, a key or a path.
func ValidID(s string) bool {
	if len(s) != idLength {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
