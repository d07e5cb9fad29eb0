package httpapi

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// grant checks the signature of a file URL.
func (c *call) grant() (store.Grant, error) {
	q, err := url.ParseQuery(string(c.URI().QueryString()))
	if err != nil {
		return store.Grant{}, fault.Wrap(fault.Forbidden, "signature_invalid", err)
	}
	return c.s.deps.Store.Verify(string(c.Method()), c.Param("key"), q, c.s.now())
}

// getFile serves an object: whole, a range of it, or only its head.
func (s *Server) getFile(ctx context.Context, c *call) error {
	g, err := c.grant()
	if err != nil {
		return err
	}
	o, err := s.deps.Store.Open(ctx, g.Key)
	if err != nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			_ = o.Close()
		}
	}()
	c.set("Accept-Ranges", "bytes")
	c.set("Cache-Control", "private, max-age=3600, immutable")
	c.set("Last-Modified", o.ModTime.UTC().Format(http.TimeFormat))
	c.set("Content-Security-Policy", "default-src 'none'; sandbox")
	c.set("Cross-Origin-Resource-Policy", "cross-origin")
	tag := quote(o.ETag)
	if c.unchanged(tag) {
		return nil
	}
	start, length, partial, err := c.fileRange(o.Size, tag)
	if err != nil {
		c.set("Content-Range", fmt.Sprintf("bytes */%d", o.Size))
		return err
	}
	if _, err := o.Seek(start, io.SeekStart); err != nil {
		return fmt.Errorf("seek object: %w", err)
	}
	c.SetStatusCode(http.StatusOK)
	if partial {
		c.SetStatusCode(http.StatusPartialContent)
		c.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, o.Size))
	}
	c.Response.Header.SetContentType(o.ContentType)
	if string(c.Method()) == http.MethodHead {
		c.Response.SkipBody = true
		c.Response.Header.SetContentLength(int(length))
		return nil
	}
	keep = true
	c.Response.SetBodyStream(object{Reader: io.LimitReader(o, length), Closer: o}, int(length))
	return nil
}

// object is the part of an open object that is served; the library closes it.
type object struct {
	io.Reader
	io.Closer
}

func quote(tag string) string {
	if strings.HasPrefix(tag, `"`) || strings.HasPrefix(tag, `W/"`) {
		return tag
	}
	return strconv.Quote(tag)
}

// fileRange reads Range. One range is served; several, or none that makes
// sense, give the whole file, as RFC 9110 allows.
func (c *call) fileRange(size int64, tag string) (start, length int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(c.header("Range"), "bytes=")
	if condition := c.header("If-Range"); !ok || strings.Contains(spec, ",") || (condition != "" && condition != tag) {
		return 0, size, false, nil
	}
	start, end, ok := parseRange(strings.TrimSpace(spec), size)
	if !ok {
		return 0, size, false, nil
	}
	if start >= size || end < start {
		return 0, 0, false, fault.New(fault.Invalid, "range_not_satisfiable")
	}
	return start, end - start + 1, true, nil
}

// parseRange reads "a-b", "a-" or "-n"; end is inclusive and within size. It
// is not ok when the form is none of these, which means the header is ignored.
func parseRange(spec string, size int64) (start, end int64, ok bool) {
	from, to, ok := strings.Cut(spec, "-")
	if !ok || (from == "" && to == "") {
		return 0, 0, false
	}
	if from == "" {
		n, err := strconv.ParseUint(to, 10, 63)
		if err != nil {
			return 0, 0, false
		}
		if n == 0 {
			return size, size, true
		}
		return max(0, size-int64(n)), size - 1, true
	}
	first, err := strconv.ParseUint(from, 10, 63)
	if err != nil {
		return 0, 0, false
	}
	last := uint64(size - 1)
	if to != "" {
		n, err := strconv.ParseUint(to, 10, 63)
		if err != nil || n < first {
			return 0, 0, false
		}
		last = min(n, uint64(max(size-1, 0)))
	}
	return int64(first), int64(last), true
}

// putFile takes the bytes of a signed URL: a client's photo of an exact size,
// or a worker's result of at most some size.
func (s *Server) putFile(ctx context.Context, c *call) error {
	g, err := c.grant()
	if err != nil {
		return err
	}
	if !sameType(g.ContentType, c.header("Content-Type")) {
		return fault.New(fault.Forbidden, "content_type_mismatch")
	}
	length := c.body.length
	if length == unknownLength && g.MaxBytes == 0 {
		return fault.New(fault.Invalid, "length_required")
	}
	if limit := max(g.Size, g.MaxBytes); length > limit {
		return fault.New(fault.TooLarge, "object_too_large")
	}
	if g.MaxBytes == 0 && length < g.Size {
		return fault.New(fault.Invalid, "size_mismatch")
	}
	b, err := c.open()
	if err != nil {
		return err
	}
	if g.MaxBytes > 0 {
		_, err = s.deps.Store.Put(ctx, g.Key, b, g.MaxBytes)
	} else {
		err = s.deps.Uploads.Receive(ctx, g, b, length)
	}
	if err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

// sameType compares the declared type with the one that is sent. A client that
// names none is believed: the bytes are judged by their content later.
func sameType(want, got string) bool {
	if want == "" || got == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(got)
	return err == nil && strings.EqualFold(media, want)
}
