package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"os"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const maxJSONBytes = 16 << 10

const unknownLength = -1

// body is a request's payload. The HTTP library's own stream may read past its
// end into the next request, has no limit, and answers "100 Continue" before a
// handler has looked at the request. This one does none of that.
type body struct {
	length   int64 // unknownLength when chunked
	waiting  bool  // the client waits for "100 Continue"
	source   io.Reader
	left     int64 // bytes that are still to be read, unknownLength when chunked
	finished bool
	err      error
}

func (c *call) newBody() *body {
	length, waiting := c.content()
	b := &body{length: length, left: length, waiting: waiting}
	switch {
	case length == 0 || length < unknownLength:
		b.length, b.left, b.finished = 0, 0, true
	case length == unknownLength:
		b.source = c.rest(false)
	default:
		b.source = io.LimitReader(c.rest(waiting), length)
	}
	return b
}

// open makes the client send, if it still waits to be asked.
func (c *call) open() (*body, error) {
	b := c.body
	if !b.waiting || b.finished {
		return b, nil
	}
	if b.length == unknownLength {
		return nil, fault.New(fault.LengthRequired)
	}
	b.waiting = false
	if err := c.askForBody(); err != nil {
		return nil, fault.Wrap(fault.RequestCanceled, err)
	}
	return b, nil
}

// Read classifies what goes wrong on the client's side, so that it is never
// taken for a failure of ours.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.finished {
		return 0, io.EOF
	}
	n, err := b.source.Read(p)
	if b.left >= 0 {
		b.left -= int64(n)
		b.finished = b.left == 0
	}
	switch {
	case b.finished || err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && b.length == unknownLength:
		b.finished = true
		return n, io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		b.err = fault.Wrap(fault.RequestTimeout, err)
	default:
		b.err = fault.Wrap(fault.BodyIncomplete, err)
	}
	return n, b.err
}

// json reads a strict JSON object, or nothing.
func (c *call) json() (*strictjson.Object, error) {
	if c.fetched {
		return c.fields, c.fieldsErr
	}
	if c.body.finished {
		return strictjson.Parse(nil)
	}
	if c.body.length > maxJSONBytes {
		return nil, fault.New(fault.BodyTooLarge)
	}
	if !isJSON(c.header("Content-Type")) && !c.route.anyType {
		return nil, fault.New(fault.UnsupportedMediaType).At("Content-Type", fault.FieldUnsupported, "must be application/json")
	}
	if e := c.header("Content-Encoding"); e != "" && e != "identity" {
		return nil, fault.New(fault.UnsupportedContentEncoding)
	}
	b, err := c.open()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if b.length > 0 {
		buf.Grow(int(b.length) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(b, maxJSONBytes+1)); err != nil {
		return nil, err
	}
	if buf.Len() > maxJSONBytes {
		return nil, fault.New(fault.BodyTooLarge)
	}
	return strictjson.Parse(buf.Bytes())
}

func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// noFields is for routes that take nothing: no body, or {}.
func noFields(h handler) handler {
	return func(ctx context.Context, c *call) error {
		in, err := c.json()
		if err != nil {
			return err
		}
		if err := in.Err(); err != nil {
			return err
		}
		return h(ctx, c)
	}
}
