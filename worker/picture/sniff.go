package picture

import (
	"bytes"

	"github.com/imgfleet/imgfleet/worker/picture/heif"
)

// Format is a container recognised by its content.
type Format string

// The formats. Unknown covers everything that is not accepted.
const (
	Unknown Format = ""
	JPEG    Format = "image/jpeg"
	PNG     Format = "image/png"
	WebP    Format = "image/webp"
	HEIC    Format = "image/heic"
)

// Sniff tells a format by magic bytes; names and declared types are ignored.
func Sniff(b []byte) Format {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return WebP
	case heif.Is(b):
		return HEIC
	default:
		return Unknown
	}
}
