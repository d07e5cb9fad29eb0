package hunyuantest

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const (
	hubLife      = 12 * time.Hour
	hubReference = 10 << 20
	hubWords     = 8192
)

// generation is a request to TokenHub. Its footnote is a mark in the picture,
// so it must not be there at all.
type generation struct {
	Model  string   `json:"model"`
	Prompt string   `json:"prompt"`
	Images []string `json:"images"`
	Size   *string  `json:"size"`
	Seed   *int64   `json:"seed"`
	Revise *bool    `json:"revise"`
}

// generate plays TokenHub. Its errors are not documented; those of Cloud API
// stand for them.
func (v *vendor) generate(c *double.Call) double.Reply {
	if c.Header.Get("Authorization") != "Bearer "+v.key {
		c.Violation("the key is not known")
		return hubError(http.StatusUnauthorized, refuse("AuthFailure.UnauthorizedOperation", "the key is not known"))
	}
	var g generation
	if r := checkGeneration(c, &g); r != nil {
		c.Violation("%s: %s", r.Code, r.Message)
		return hubError(http.StatusBadRequest, r)
	}
	if reply, refused := c.Refusal(); refused {
		return hubReply(reply)
	}
	if reply, failed := c.Work(); failed {
		return hubReply(reply)
	}
	width, height := sides(*g.Size, "x")
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{
		"id": requestID, "created": time.Now().Unix(),
		"data": []map[string]any{{"url": c.Result(double.JPEG, width, height, hubLife), "revised_prompt": ""}},
	}}
}

func checkGeneration(c *double.Call, g *generation) *refused {
	if got := c.Header.Get("Content-Type"); got != "application/json" {
		return refuse("InvalidParameter", "Content-Type is %q", got)
	}
	if r := decode(c.Body, g); r != nil {
		return r
	}
	switch {
	case g.Model != "hy-image-v3":
		return refuse("InvalidParameterValue.Model", "there is no model %q", g.Model)
	case g.Revise == nil || *g.Revise:
		return wrong("revise must be sent, and be false")
	case g.Size == nil:
		return wrong("size must be sent")
	}
	return common(g.Prompt, hubWords, g.Images, g.Seed, *g.Size, "x", double.Photo{Bytes: hubReference, Least: 1})
}

func hubError(status int, r *refused) double.Reply {
	return double.Reply{Status: status, Doc: map[string]any{"error": map[string]any{"code": r.Code, "message": r.Message}, "id": requestID}}
}

// hubReply says a refusal of Cloud API in the shape of TokenHub.
func hubReply(r double.Reply) double.Reply {
	doc := r.Doc.(map[string]any)["Response"].(map[string]any)["Error"].(document)
	status := http.StatusBadRequest
	if doc.Code == "InternalError" {
		status = http.StatusInternalServerError
	}
	reply := hubError(status, refuse(doc.Code, "%s", doc.Message))
	reply.Header = r.Header
	return reply
}
