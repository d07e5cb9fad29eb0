package httpapi

import (
	"context"
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

// showOpenAPI serves the description of everything here.
func (s *Server) showOpenAPI(_ context.Context, c *call) error {
	c.set("Cache-Control", "public, max-age=300")
	c.set("Access-Control-Allow-Origin", "*")
	c.raw(http.StatusOK, "application/json; charset=utf-8", openAPI)
	return nil
}
