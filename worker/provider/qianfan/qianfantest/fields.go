package qianfantest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

const maxWords = 800

// refusal is an error in Qianfan's words.
type refusal struct {
	Status  int
	Code    string
	Message string
}

func refuseAs(status int, code, format string, args ...any) *refusal {
	return &refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

func wrong(code, format string, args ...any) *refusal {
	return refuseAs(http.StatusBadRequest, code, format, args...)
}

// edit is the body of /images/edits: only the fields that are confirmed.
type edit struct {
	Model  string  `json:"model"`
	Image  string  `json:"image"`
	Prompt string  `json:"prompt"`
	Size   *string `json:"size"`
	Seed   *int64  `json:"seed"`
}

// check looks at a call and says what is wrong with it.
func check(c *double.Call, key string) (edit, *refusal) {
	var e edit
	switch {
	case c.Method != http.MethodPost:
		return e, refuseAs(http.StatusMethodNotAllowed, "method_not_supported", "%s is not supported", c.Method)
	case c.Header.Get("Authorization") != "Bearer "+key:
		return e, refuseAs(http.StatusUnauthorized, "invalid_iam_token", "the API key is not known")
	case c.Header.Get("Content-Type") != "application/json":
		return e, wrong("malformed_json", "Content-Type is %q", c.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(bytes.NewReader(c.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, wrong("malformed_json", "%v", err)
	}
	return e, e.check()
}

func (e edit) check() *refusal {
	switch {
	case e.Model != "qwen-image-edit":
		return wrong("invalid_model", "there is no model %q for edits", e.Model)
	case e.Prompt == "":
		return wrong("invalid_argument", "prompt is empty")
	case utf8.RuneCountInString(e.Prompt) > maxWords:
		return wrong("characters_too_long", "prompt has more than %d characters", maxWords)
	case e.Size == nil:
		return wrong("invalid_argument", "size must be sent")
	case e.Seed == nil || *e.Seed < 0 || *e.Seed > 4294967295:
		return wrong("invalid_argument", "seed must be sent, and be 0 to 4294967295")
	}
	w, h := sides(*e.Size)
	if strconv.Itoa(w)+"x"+strconv.Itoa(h) != *e.Size || min(w, h) < 512 || max(w, h) > 2048 {
		return wrong("invalid_argument", "size %q is not WxH of 512 to 2048", *e.Size)
	}
	limits := double.Photo{Bytes: 10 << 20, Least: 128, Ratio: 4, LowerCaseFormats: true}
	if err := limits.DataURI(e.Image); err != nil {
		return wrong("invalid_image_url", "%v", err)
	}
	return nil
}

func sides(s string) (w, h int) {
	a, b, _ := strings.Cut(s, "x")
	w, _ = strconv.Atoi(a)
	h, _ = strconv.Atoi(b)
	return w, h
}
