package httpapi

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/upload/tus"
)

// resumable reports whether a path belongs to the tus protocol.
func resumable(path string) bool {
	rest, ok := strings.CutPrefix(path, tus.Path)
	return ok && (rest == "" || rest[0] == '/')
}

// tusHeaders are on every answer of the protocol, refusals too.
func (c *call) tusHeaders() {
	c.set("Tus-Resumable", "1.0.0")
	c.set("Tus-Version", "1.0.0")
}

// discover answers OPTIONS of the protocol. It is a 200: old mobile browsers
// do not take a 204 for a preflight.
func (c *call) discover() {
	for name, values := range c.s.deps.Tus.Discover() {
		c.set(name, values[0])
	}
	c.set("Access-Control-Max-Age", "86400")
	_ = c.empty(http.StatusOK)
}

// resumeUpload passes the request to the protocol's own handler. The body is
// ours: bounded by its length, classified, and can be interrupted. The answer
// comes back and is written here, like every other.
func (s *Server) resumeUpload(ctx context.Context, c *call) error {
	if c.body.finished { // else its client may take its time
		var cancel context.CancelFunc
		ctx, cancel = c.soon(ctx)
		defer cancel()
	}
	giveBack, err := s.files.take(writes)
	if err != nil {
		return err
	}
	defer giveBack()
	r := c.standardRequest(ctx)
	a, err := s.deps.Tus.Serve(r, c.owner, c.conn.Interrupt)
	if err != nil {
		return err
	}
	c.conn.Know() // it had a signed path, or a token
	for name, values := range a.Header {
		c.set(name, values[0])
	}
	return c.empty(a.Status)
}

// standardRequest is the request as net/http would have it, with the headers
// that the tus protocol knows.
func (c *call) standardRequest(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: c.method(), URL: &url.URL{Path: c.path()}, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: c.body.length, Body: http.NoBody,
	}
	for _, name := range []string{
		"Content-Type", "X-HTTP-Method-Override", "Tus-Resumable", "Upload-Length", "Upload-Defer-Length", "Upload-Offset",
		"Upload-Metadata", "Upload-Checksum", "Upload-Concat",
	} {
		if value := c.header(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	if !c.body.finished {
		r.Body = io.NopCloser(asked{c})
	}
	return r.WithContext(ctx)
}
