package httpapi

import (
	"context"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const keepSeconds = 3600

// grant checks the signature of a file URL.
func (c *call) grant(ctx context.Context) (store.Grant, error) {
	q, err := url.ParseQuery(c.queryString())
	if err != nil {
		return store.Grant{}, fault.Wrap(fault.SignatureInvalid, err)
	}
	g, err := c.s.deps.Store.Verify(ctx, c.method(), c.param("key"), q, c.s.now())
	if err == nil {
		c.conn.Know()
	}
	return g, err
}

// getFile serves an object: whole, a range of it, or only its head.
func (s *Server) getFile(ctx context.Context, c *call) error {
	soon, cancel := c.soon(ctx)
	defer cancel()
	g, err := c.grant(soon)
	if err != nil {
		return err
	}
	o, err := s.openObject(ctx, g.Key)
	if err != nil {
		return err
	}
	keep := false
	defer func() {
		if !keep {
			_ = o.Close()
		}
	}()
	tag := quote(o.ETag)
	if want := c.header("If-Match"); want != "" && !matchesStrongly(want, tag) {
		return fault.New(fault.PreconditionFailed)
	}
	c.set("Accept-Ranges", "bytes")
	c.set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", s.fresh(g)))
	c.set("Last-Modified", lastModified(o.ModTime))
	c.set("Content-Security-Policy", "default-src 'none'; sandbox")
	c.set("Cross-Origin-Resource-Policy", "cross-origin")
	if c.unchanged(tag) || c.notModifiedSince(o.ModTime) {
		return nil
	}
	start, length, partial, err := c.fileRange(o.Size, tag, o.ModTime)
	if err != nil {
		c.set("Content-Range", fmt.Sprintf("bytes */%d", o.Size))
		return err
	}
	if _, err := o.Seek(start, io.SeekStart); err != nil {
		return fmt.Errorf("seek object: %w", err)
	}
	c.setStatus(http.StatusOK)
	if partial {
		c.setStatus(http.StatusPartialContent)
		c.set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, o.Size))
	}
	if c.method() == http.MethodHead {
		c.headOnly(o.ContentType, length)
		return nil
	}
	keep = true
	c.stream(o.ContentType, object{Reader: io.LimitReader(o, length), Closer: o}, length)
	return nil
}

// fresh is how many seconds a browser may keep a file: not beyond its URL.
func (s *Server) fresh(g store.Grant) int {
	return max(0, min(keepSeconds, int(g.Until.Sub(s.now()).Seconds())))
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

// fileRange reads Range. One range is served. Several ranges, or one that cannot
// be read, give the whole file, as RFC 9110 allows.
func (c *call) fileRange(size int64, tag string, modified time.Time) (start, length int64, partial bool, err error) {
	unit, spec, ok := strings.Cut(c.header("Range"), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || strings.Contains(spec, ",") || !c.rangeApplies(tag, modified) {
		return 0, size, false, nil
	}
	start, end, ok := parseRange(strings.TrimSpace(spec), size)
	if !ok {
		return 0, size, false, nil
	}
	if start >= size || end < start {
		return 0, 0, false, fault.New(fault.RangeNotSatisfiable)
	}
	return start, end - start + 1, true, nil
}

// rangeApplies reads If-Range: a tag, or the date that Last-Modified gave. A
// weak tag never matches.
func (c *call) rangeApplies(tag string, modified time.Time) bool {
	condition := c.header("If-Range")
	return condition == "" || condition == tag || condition == lastModified(modified)
}

func lastModified(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// notModifiedSince answers 304 to a client that knows a date and no tag.
func (c *call) notModifiedSince(modified time.Time) bool {
	since, err := http.ParseTime(c.header("If-Modified-Since"))
	if err != nil || c.header("If-None-Match") != "" || modified.Truncate(time.Second).After(since) {
		return false
	}
	_ = c.empty(http.StatusNotModified)
	return true
}

// parseRange reads "a-b", "a-" or "-n"; end is inclusive and within size. Any
// other form is not ok: the header is then ignored.
func parseRange(spec string, size int64) (start, end int64, ok bool) {
	from, to, ok := strings.Cut(spec, "-")
	if !ok || (from == "" && to == "") {
		return 0, 0, false
	}
	if from == "" {
		n, ok := position(to)
		if n == 0 {
			return size, size, ok
		}
		return max(0, size-n), size - 1, ok
	}
	start, ok = position(from)
	if !ok || to == "" {
		return start, size - 1, ok
	}
	end, ok = position(to)
	return start, min(end, size-1), ok && end >= start
}

// position reads digits. A number beyond any file is as good as the largest.
func position(digits string) (int64, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return math.MaxInt64, true
	}
	return n, true
}

// putFile takes the bytes of a signed URL: a client's photo of an exact size,
// or a worker's result of at most some size.
func (s *Server) putFile(ctx context.Context, c *call) error {
	soon, cancel := c.soon(ctx)
	defer cancel()
	g, err := c.grant(soon)
	if err != nil {
		return err
	}
	giveBack, err := s.files.take(writes)
	if err != nil {
		return err
	}
	defer giveBack()
	if !sameType(g.ContentType, c.header("Content-Type")) {
		return fault.New(fault.ContentTypeMismatch)
	}
	if g.MaxBytes > 0 {
		err = s.putObject(ctx, c, g)
	} else {
		err = s.putPhoto(ctx, c, g)
	}
	if err != nil {
		return err
	}
	return c.empty(http.StatusOK)
}

func (s *Server) putObject(ctx context.Context, c *call, g store.Grant) error {
	if c.body.length > g.MaxBytes {
		return fault.New(fault.UploadTooLarge)
	}
	_, err := s.deps.Store.Put(ctx, g.Key, asked{c}, g.MaxBytes)
	return err
}

// putPhoto leaves the check of the size to gateway/upload, which accepts any
// size for an upload that is complete already.
func (s *Server) putPhoto(ctx context.Context, c *call, g store.Grant) error {
	if c.body.length == unknownLength {
		return fault.New(fault.LengthRequired)
	}
	return s.deps.Uploads.Receive(ctx, g, asked{c}, c.body.length, c.conn.Interrupt)
}

// asked is a body that the client is asked for at the first read. A request
// that is refused before is never sent.
type asked struct{ c *call }

func (a asked) Read(p []byte) (int, error) {
	b, err := a.c.open()
	if err != nil {
		return 0, err
	}
	return b.Read(p)
}

// sameType compares the declared type with the one that is sent. A client may
// name none: a worker looks at the bytes later.
func sameType(want, got string) bool {
	if want == "" || got == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(got)
	return err == nil && strings.EqualFold(media, want)
}
