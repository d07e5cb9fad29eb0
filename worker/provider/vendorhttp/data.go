package vendorhttp

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// PhotoURI gives the photo as a data URI. Vendors get bytes and no URL: a URL
// could give something away, and vendors could not fetch it from a fleet behind
// a firewall.
func PhotoURI(ctx context.Context, r provider.Request) (string, error) {
	photo, err := r.Photo(ctx)
	if err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(photo), nil
}

// Inline reads a picture that came within an answer, as base64 or, from some
// vendors, as a data URI.
func Inline(s string) ([]byte, error) {
	if strings.HasPrefix(s, "data:") {
		_, body, _ := strings.Cut(s, ",")
		s = body
	}
	data, err := base64.StdEncoding.DecodeString(s)
	if err == nil {
		err = Check(data)
	} else {
		err = fmt.Errorf("decode picture: %w", err)
	}
	if err != nil {
		return nil, &provider.Failure{Outcome: task.Unknown, Class: task.ClassTransient, Code: "result_unusable", Err: err}
	}
	return data, nil
}
