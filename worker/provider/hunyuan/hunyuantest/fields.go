package hunyuantest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const (
	maxWords     = 1024    // of the two that are documented, the one that holds everywhere
	maxReference = 6 << 20 // of base64
	maxArea      = 1024 * 1024
)

// submission is the body of SubmitTextToImageJob. Pointers tell what was left
// to a default from what was said.
type submission struct {
	Prompt     string   `json:"Prompt"`
	Images     []string `json:"Images"`
	Resolution *string  `json:"Resolution"`
	Seed       *int64   `json:"Seed"`
	LogoAdd    *int     `json:"LogoAdd"`
	Revise     *int     `json:"Revise"`
}

// check reads a submission and says what is wrong with it: the documented
// ranges, and what must never be left to a default.
func check(body []byte) (submission, *refused) {
	var s submission
	if r := decode(body, &s); r != nil {
		return s, r
	}
	switch {
	case s.LogoAdd == nil || *s.LogoAdd != 0:
		return s, refuse("InvalidParameterValue.LogoParamErr", "LogoAdd must be sent, and be 0: its default burns the vendor's mark in")
	case s.Revise == nil || *s.Revise != 0:
		return s, wrong("Revise must be sent, and be 0: its default rewrites the words and ignores Seed")
	case s.Resolution == nil:
		return s, wrong("Resolution must be sent")
	}
	return s, common(s.Prompt, maxWords, s.Images, s.Seed, *s.Resolution, ":", double.Photo{Bytes: maxReference, Least: 50, Most: 5000})
}

func decode(body []byte, into any) *refused {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refuse("InvalidParameter", "%v", err)
	}
	return nil
}

func wrong(format string, args ...any) *refused {
	return refuse("InvalidParameterValue.ParameterValueError", format, args...)
}

// common checks what both interfaces have.
func common(prompt string, words int, images []string, seed *int64, size, by string, photo double.Photo) *refused {
	switch {
	case prompt == "" || utf8.RuneCountInString(prompt) > words:
		return refuse("InvalidParameterValue.TextLengthExceed", "the prompt must have 1 to %d characters", words)
	case seed == nil || *seed < 1 || *seed > 4294967295:
		return wrong("the seed must be sent, and be 1 to 4294967295")
	case len(images) < 1 || len(images) > 3:
		return refuse("InvalidParameterValue.ImageEmpty", "there must be 1 to 3 pictures, there are %d", len(images))
	}
	if r := checkSize(size, by); r != nil {
		return r
	}
	for _, img := range images {
		raw, err := base64.StdEncoding.DecodeString(img)
		if err != nil || len(img) > photo.Bytes {
			return refuse("FailedOperation.ImageDecodeFailed", "a picture must be base64 of at most %d bytes", photo.Bytes)
		}
		if err := photo.Check(raw); err != nil {
			return refuse("FailedOperation.ImageResolutionExceed", "%v", err)
		}
	}
	return nil
}

// checkSize wants a size in the interface's own spelling.
func checkSize(s, by string) *refused {
	w, h := sides(s, by)
	if strconv.Itoa(w)+by+strconv.Itoa(h) != s {
		return wrong("the size %q is not W%sH", s, by)
	}
	if min(w, h) < 512 || max(w, h) > 2048 || w*h > maxArea {
		return wrong("the size %s is out of range", s)
	}
	return nil
}
