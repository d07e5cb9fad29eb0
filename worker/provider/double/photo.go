package double

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what vendors read
	_ "image/png"  // as above
	"strings"
)

// Photo are a vendor's limits for the pictures it is given.
type Photo struct {
	Bytes            int // of the file
	Least, Most      int // of a side, pixels
	Ratio            int // at most Ratio:1
	LowerCaseFormats bool
}

// DataURI reads "data:image/jpeg;base64,…" and checks what is in it.
func (p Photo) DataURI(s string) error {
	head, body, ok := strings.Cut(strings.TrimPrefix(s, "data:image/"), ";base64,")
	if !ok || !strings.HasPrefix(s, "data:image/") {
		return errors.New("the picture is no data URI")
	}
	if p.LowerCaseFormats && head != strings.ToLower(head) {
		return fmt.Errorf("the format %q is not in lower case", head)
	}
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return fmt.Errorf("the picture is no base64: %w", err)
	}
	return p.Check(raw)
}

// Check judges a picture's bytes.
func (p Photo) Check(raw []byte) error {
	if len(raw) > p.Bytes {
		return fmt.Errorf("the picture has %d bytes, %d are allowed", len(raw), p.Bytes)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("the picture does not open: %w", err)
	}
	short, long := min(c.Width, c.Height), max(c.Width, c.Height)
	if short < p.Least || p.Most > 0 && long > p.Most || p.Ratio > 0 && long > p.Ratio*short {
		return fmt.Errorf("the picture is %d×%d", c.Width, c.Height)
	}
	return nil
}
