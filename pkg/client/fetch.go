package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Fetch gets at most maxBytes behind a URL that the API gave out, such as a
// picture's. More is an error.
func (c *Client) Fetch(ctx context.Context, url string, maxBytes int64) (data []byte, contentType string, err error) {
	r, err := c.send(ctx, call{method: http.MethodGet, url: url}, nil)
	if err != nil {
		return nil, "", err
	}
	defer finish(r)
	if r.StatusCode != http.StatusOK {
		return nil, "", readProblem(r)
	}
	data, err = io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
	if err == nil && int64(len(data)) > maxBytes {
		err = fmt.Errorf("fetch: more than %d bytes", maxBytes)
	}
	return data, r.Header.Get("Content-Type"), err
}
