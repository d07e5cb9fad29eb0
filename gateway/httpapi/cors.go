package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Range, X-Request-Id, " +
		"X-Requested-With, X-HTTP-Method-Override, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, " +
		"Upload-Defer-Length, Upload-Concat, Upload-Checksum"
	corsExposed = "Location, ETag, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed, " +
		"Upload-Id, Upload-Offset, Upload-Length, Upload-Metadata, Upload-Expires, Upload-Defer-Length, Upload-Concat, " +
		"Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm"
)

// cors lets the pages of configured origins read the answer. Credentials are
// never allowed: no route reads cookies.
func (c *call) cors() {
	if len(c.s.config.CORSOrigins) == 0 {
		return
	}
	c.vary("Origin")
	origin := c.header("Origin")
	if origin == "" || !c.s.allowsOrigin(origin) {
		return
	}
	c.set("Access-Control-Allow-Origin", origin)
	c.set("Access-Control-Expose-Headers", corsExposed)
}

func (s *Server) allowsOrigin(origin string) bool {
	return slices.Contains(s.config.CORSOrigins, "*") || slices.ContainsFunc(s.config.CORSOrigins, func(o string) bool {
		return strings.EqualFold(strings.TrimSuffix(o, "/"), origin)
	})
}

// preflight answers OPTIONS for every path.
func (c *call) preflight() error {
	c.set("Allow", corsMethods)
	if c.header("Access-Control-Request-Method") != "" && len(c.answered("Access-Control-Allow-Origin")) > 0 {
		c.set("Access-Control-Allow-Methods", corsMethods)
		c.set("Access-Control-Allow-Headers", corsHeaders)
		c.set("Access-Control-Max-Age", "7200")
	}
	if resumable(c.path()) {
		c.discover()
		return nil
	}
	return c.empty(http.StatusNoContent)
}
