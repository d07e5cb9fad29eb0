package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// serve wraps a route for the HTTP library. What every request gets happens
// here.
func (s *Server) serve(r *route) app.HandlerFunc {
	return func(ctx context.Context, rc *app.RequestContext) {
		c := s.begin(ctx, rc, r)
		defer s.end(c)
		defer c.recover()
		if err := c.run(ctx); err != nil {
			c.fail(err)
		}
	}
}

func (s *Server) begin(ctx context.Context, rc *app.RequestContext, r *route) *call {
	c := &call{exchange: exchange{rc}, s: s, route: r, began: time.Now()}
	c.conn, _ = wire.From(ctx)
	c.conn.Begin()
	c.setStatus(http.StatusOK) // the library presets 417 for Expect
	c.id = requestID(c.header("X-Request-Id"))
	c.client = clientAddr(c.peer(), c.forwarded(), s.proxies)
	c.language = pickLanguage(c.header("Accept-Language"))
	if chosen := c.query("lang"); chosen != "" { // an EventSource cannot send headers
		c.language = pickLanguage(chosen)
	}
	c.body = c.newBody()
	c.set("X-Request-Id", c.id)
	c.set("X-Content-Type-Options", "nosniff")
	c.set("Cache-Control", "no-store")
	if s.left() {
		c.closeAfter()
	}
	if s.https {
		c.set("Strict-Transport-Security", "max-age=31536000")
	}
	return c
}

func (c *call) run(ctx context.Context) error {
	c.cors()
	if resumable(c.path()) {
		c.tusHeaders()
	}
	if err := c.wellFormed(); err != nil {
		c.closeAfter()
		return err
	}
	if c.method() == http.MethodOptions {
		return c.preflight()
	}
	ctx = telemetry.WithRequest(ctx, c.id)
	soon, cancel := c.soon(ctx)
	defer cancel()
	if c.route.access == bearer {
		if err := c.authenticate(soon); err != nil {
			return err
		}
	}
	if limits := c.limits(); len(limits) > 0 {
		if err := c.allow(limits...); err != nil {
			if !c.route.keyed || c.header("Idempotency-Key") == "" {
				return err
			}
			c.limited = err
		}
	}
	if c.route.long {
		return c.route.handle(ctx, c)
	}
	if !c.prefetch() {
		return c.route.handle(soon, c)
	}
	ctx, cancelLater := c.soon(ctx)
	defer cancelLater()
	return c.route.handle(ctx, c)
}

// soon bounds what this request waits for: engine, store and workers. What its
// client took to send the body does not count.
func (c *call) soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, c.began.Add(c.reading+c.s.config.Timeout))
}

// prefetch reads the fields of a request that has some, so that a slow client
// does not use up the time that the engine may take. It reports whether that
// took a while.
func (c *call) prefetch() bool {
	m := c.route.method
	if m != http.MethodPost && m != http.MethodDelete || c.body.finished || resumable(c.route.path) {
		return false
	}
	began := time.Now()
	c.fields, c.fieldsErr = c.json()
	c.fetched, c.reading = true, time.Since(began)
	return true
}

// recover turns a panic into a 500 that says nothing, and into a log entry
// that says everything.
func (c *call) recover() {
	p := recover()
	if p == nil {
		return
	}
	c.s.met.panics.Inc()
	c.s.log.Error("handler panicked", telemetry.FieldRequest, c.id, "route", c.route.path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	c.fail(errors.New("panic"))
}

func (s *Server) end(c *call) {
	c.settleBody()
	if c.detached {
		return
	}
	status := c.status()
	s.met.requests.WithLabelValues(c.route.method, c.route.path, strconv.Itoa(status)).Inc()
	if s.deps.Answered != nil && !c.route.probe {
		s.deps.Answered(status)
	}
	s.met.seconds.WithLabelValues(c.route.method, c.route.path).Observe(time.Since(c.began).Seconds())
	attrs := []any{
		telemetry.FieldRequest, c.id, "method", c.route.method, "route", c.route.path, "status", status,
		"took", time.Since(c.began), "bytes", c.size(),
	}
	if c.owner != "" {
		attrs = append(attrs, "session", c.owner)
	}
	if c.task != "" {
		attrs = append(attrs, "task", c.task)
	}
	if c.code != "" {
		s.met.problems.WithLabelValues(c.code).Inc()
		attrs = append(attrs, "code", c.code)
	}
	if status >= http.StatusInternalServerError {
		attrs = append(attrs, "err", c.cause)
	}
	s.log.Log(context.Background(), c.level(status), "request", attrs...)
}

// level is how loud the line of a request is. What we did wrong is an error;
// what had to be refused because a part is away is a warning. Probes ask again
// and again, and the server says when their answer changes.
func (c *call) level(status int) slog.Level {
	switch {
	case c.route.probe:
		return slog.LevelDebug
	case status == http.StatusInternalServerError:
		return slog.LevelError
	case status > http.StatusInternalServerError:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// settleBody decides what happens to a body that the handler did not read. A
// short rest is skipped to keep the connection. The connection is closed when
// the rest is long, or when the client still waits for "100 Continue": it may
// or may not send then.
func (c *call) settleBody() {
	rest := wire.Consumed
	if b := c.body; !b.finished {
		rest = wire.Unread
		if b.waiting || b.length == unknownLength || b.left > c.s.config.Wire.Skip || b.err != nil {
			c.closeAfter()
		}
	}
	c.conn.Answered(rest)
}

// wellFormed refuses what the library reads although it should not.
func (c *call) wellFormed() error {
	target, raw, http11 := c.head()
	if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "http://") && !strings.HasPrefix(target, "https://") && target != "*" {
		return fault.New(fault.MalformedRequest)
	}
	return framing(raw, http11)
}

// framing refuses requests of which two readers may disagree where they end:
// that is how requests are smuggled past a proxy. The library would let
// Transfer-Encoding win over Content-Length, and the last Content-Length over
// the others.
func framing(raw []byte, http11 bool) error {
	var lengths, encodings int
	ambiguous := fault.New(fault.AmbiguousLength)
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			return fault.New(fault.MalformedRequest)
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			lengths++
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			encodings++
			if !bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked")) {
				return ambiguous
			}
		}
	}
	if lengths > 1 || encodings > 1 || (lengths > 0 && encodings > 0) || (encodings > 0 && !http11) {
		return ambiguous
	}
	return nil
}

// requestID keeps a sane id that a proxy or a client gave, or draws one.
func requestID(given string) string {
	if len(given) < 8 || len(given) > 64 || strings.IndexFunc(given, notIDRune) >= 0 {
		return newRequestID()
	}
	return given
}

func notIDRune(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
}

func newRequestID() string { return rand.Text() }
