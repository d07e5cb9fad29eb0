package httpapi

import (
	"context"
	"net/http"

	"github.com/imgfleet/imgfleet/gateway/web"
)

// contentPolicy allows what the page needs and nothing else: its own scripts
// and styles, pictures it has chosen itself, and results from object storage.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data: https:; " +
	"connect-src 'self' https:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// page serves one of the embedded pages.
func (s *Server) page(name string) handler {
	return func(_ context.Context, c *call) error {
		body, tag, ok := web.Page(name, c.language)
		if !ok {
			return nothingHere(context.Background(), c)
		}
		c.set("Content-Security-Policy", contentPolicy)
		c.set("Referrer-Policy", "no-referrer")
		c.set("Permissions-Policy", "geolocation=(), microphone=()")
		c.set("Content-Language", c.language)
		c.vary("Accept-Language")
		c.set("Cache-Control", "no-cache")
		if c.unchanged(tag) {
			return nil
		}
		c.raw(http.StatusOK, "text/html; charset=utf-8", body)
		return nil
	}
}

// asset serves the page's script and style.
func (s *Server) asset(_ context.Context, c *call) error {
	body, contentType, tag, ok := web.Asset(c.param("name"))
	if !ok {
		return nothingHere(context.Background(), c)
	}
	c.set("Cache-Control", "no-cache")
	if c.unchanged(tag) {
		return nil
	}
	c.raw(http.StatusOK, contentType, body)
	return nil
}
