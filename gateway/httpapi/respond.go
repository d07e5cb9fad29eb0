package httpapi

import (
	"fmt"
	"net/http"

	"github.com/bytedance/sonic"
)

// json answers with a document.
func (c *call) answer(status int, doc any) error {
	out, err := sonic.Marshal(doc)
	if err != nil {
		return fmt.Errorf("render answer: %w", err)
	}
	c.raw(status, "application/json; charset=utf-8", out)
	return nil
}

// unchanged answers 304 when the client already has tag.
func (c *call) unchanged(tag string) bool {
	c.set("ETag", tag)
	if !matches(c.header("If-None-Match"), tag) {
		return false
	}
	_ = c.empty(http.StatusNotModified)
	return true
}
