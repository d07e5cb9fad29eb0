package store

import (
	"path"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	maxKeyLength = 180 // leaves room for a driver's own prefix in one file name
	maxSegments  = 6
)

// ValidKey reports whether a key can name an object: a session id, then one
// to five segments of lower-case letters, digits, '-', '_' and '.', none of
// which begins with a dot. Nothing else ever reaches a driver, so no key can
// leave its place.
func ValidKey(key string) bool {
	if len(key) > maxKeyLength {
		return false
	}
	segments := 0
	for rest, more := key, true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if segments++; segments > maxSegments || !validSegment(segment) {
			return false
		}
		if segments == 1 && !task.ValidID(segment) {
			return false
		}
	}
	return segments > 1
}

// validPrefix reports whether prefix is a session or a part of a key, ended
// by '/'.
func validPrefix(prefix string) bool {
	inner, ended := strings.CutSuffix(prefix, "/")
	return ended && (task.ValidID(inner) || ValidKey(inner))
}

func validSegment(s string) bool {
	if s == "" || s[0] == '.' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

// Raw reports whether an object is what a client sent and nobody has judged:
// it is removed when it is, so that an old one was given up.
func Raw(key string) bool { return path.Base(key) == "raw" }

// ContentType is told by a key's extension: we wrote it, so we know.
func ContentType(key string) string {
	switch path.Ext(key) {
	case ".jpg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".json":
		return "application/json"
	default:
		return "application/octet-stream"
	}
}
