package seedreamtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const (
	maxPixels = 16777216
	life      = 24 * time.Hour
)

// Double plays Ark below /api/v3.
type Double struct {
	*double.Double
	key string
}

// New makes a double that takes one key.
func New(k double.Knobs, key string) *Double {
	d := &Double{Double: double.New(k, refuse), key: key}
	d.Below("/api/v3")
	d.Handle("POST /api/v3/images/generations", double.Submit, d.generate)
	return d
}

// request has pointers where the vendor's default would do harm.
type request struct {
	Model          string   `json:"model"`
	Prompt         string   `json:"prompt"`
	Image          any      `json:"image"`
	Size           string   `json:"size"`
	ResponseFormat string   `json:"response_format"`
	Watermark      *bool    `json:"watermark"`
	Sequential     *string  `json:"sequential_image_generation"`
	Stream         *bool    `json:"stream"`
	Seed           *int64   `json:"seed"`
	Guidance       *float64 `json:"guidance_scale"`
	N              *int     `json:"n"`
}

func (d *Double) generate(c *double.Call) double.Reply {
	if got := c.Header.Get("Authorization"); got != "Bearer "+d.key {
		c.Violation("wrong Authorization")
		return failure(http.StatusUnauthorized, "AuthenticationError", "The API key in the request is missing or invalid: "+got)
	}
	if c.Header.Get("Content-Type") != "application/json" {
		c.Violation("Content-Type is %q", c.Header.Get("Content-Type"))
	}
	var r request
	if err := json.Unmarshal(c.Body, &r); err != nil {
		c.Violation("body: %v", err)
		return failure(http.StatusBadRequest, "InvalidParameter", "the body is no JSON")
	}
	width, height := check(c, &r)
	if c.Bad() {
		return failure(http.StatusBadRequest, "InvalidParameter", "a parameter is missing or invalid")
	}
	if reply, no := c.Refusal(); no {
		return reply
	}
	if reply, no := c.Work(); no {
		return reply
	}
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{
		"model": r.Model, "created": time.Now().Unix(),
		"data":  []any{map[string]any{"url": c.Result(double.JPEG, width, height, life), "size": fmt.Sprintf("%dx%d", width, height)}},
		"usage": map[string]any{"generated_images": 1, "output_tokens": width * height / 256, "total_tokens": width * height / 256},
	}}
}

// check records everything that is not as documented, and what must not be
// left to the vendor.
func check(c *double.Call, r *request) (int, int) {
	if r.Model == "" || r.Prompt == "" {
		c.Violation("model or prompt is missing")
	}
	if r.Watermark == nil || *r.Watermark {
		c.Violation("watermark is not switched off: the vendor prints one")
	}
	if r.Sequential == nil || *r.Sequential != "disabled" {
		c.Violation("sequential_image_generation is not disabled")
	}
	if r.Stream == nil || *r.Stream || r.ResponseFormat != "url" {
		c.Violation("stream and response_format are not said")
	}
	if r.N != nil || r.Seed != nil || r.Guidance != nil {
		c.Violation("n, seed and guidance_scale do not exist for this model")
	}
	limits := double.Photo{Bytes: 10 << 20, Least: 15, Most: 6000, Ratio: 3, LowerCaseFormats: true}
	image, ok := r.Image.(string)
	if !ok {
		c.Violation("image is no string")
	} else if err := limits.DataURI(image); err != nil {
		c.Violation("image: %v", err)
	}
	width, height, err := size(r.Size, r.Model)
	if err != nil {
		c.Violation("size %q: %v", r.Size, err)
	}
	return width, height
}

// size reads a tier or WxH within the model's range.
func size(s, model string) (int, int, error) {
	least := 921600
	if strings.Contains(model, "4-5") {
		least = 3686400
	}
	switch s {
	case "2K":
		return 2048, 2048, nil
	case "4K":
		return 4096, 4096, nil
	case "1K":
		if least > 921600 {
			return 0, 0, fmt.Errorf("this model has no such tier")
		}
		return 1024, 1024, nil
	}
	a, b, _ := strings.Cut(s, "x")
	w, errW := strconv.Atoi(a)
	h, errH := strconv.Atoi(b)
	if errW != nil || errH != nil || w < 1 || h < 1 {
		return 0, 0, fmt.Errorf("is neither a tier nor WxH")
	}
	if w*h < least || w*h > maxPixels || w > 16*h || h > 16*w {
		return 0, 0, fmt.Errorf("is out of range")
	}
	return w, h, nil
}

// refuse says a class as Ark documents it.
func refuse(c task.Class) double.Reply {
	switch c {
	case task.ClassContent:
		return failure(http.StatusBadRequest, "OutputImageSensitiveContentDetected", "The output image may contain sensitive information.")
	case task.ClassInput:
		return failure(http.StatusBadRequest, "InvalidParameter.OversizedImage", "The image is too large.")
	case task.ClassAuth:
		return failure(http.StatusUnauthorized, "AuthenticationError", "The API key in the request is missing or invalid.")
	case task.ClassQuota:
		return failure(http.StatusForbidden, "AccountOverdueError", "The account has an overdue balance.")
	case task.ClassRate:
		r := failure(http.StatusTooManyRequests, "ModelAccountIpmRateLimitExceeded", "The images per minute limit is exceeded.")
		r.Header = http.Header{"Retry-After": {"2"}}
		return r
	case task.ClassTimeout:
		return double.Reply{Status: http.StatusGatewayTimeout, Doc: "upstream request timeout"}
	default:
		return failure(http.StatusInternalServerError, "InternalServiceError", "The service encountered an unexpected internal error.")
	}
}

func failure(status int, code, message string) double.Reply {
	return double.Reply{Status: status, Doc: map[string]any{"error": map[string]any{
		"code": code, "message": message + " Request id: 0217000000000000000000000000000000", "param": "", "type": "BadRequest",
	}}}
}
