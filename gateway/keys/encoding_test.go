package keys

import (
	"encoding/base64"
	"testing"
)

func FuzzThereIsOneWayToWriteACode(f *testing.F) {
	for _, text := range []string{"", "AAAA", "AAAA\n", "AA\r\nAA", "AAB", "AA==", "AA+/", " AAAA", "AAAA\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := Decode(text)
		if err == nil && base64.RawURLEncoding.EncodeToString(code) != text {
			t.Errorf("%q is read as %x", text, code)
		}
	})
}
