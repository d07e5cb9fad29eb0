package keys

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errEncoding = errors.New("code is not base64url")

// Decode reads a code as an address carries it: base64url, without padding.
// There is one way to write each code; the library's decoder also takes line
// breaks.
func Decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errEncoding
	}
	code, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errEncoding
	}
	return code, nil
}
