package openaitest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// request is a JSON body, or the fields of a form.
type request struct{ doc map[string]any }

func (r *request) text(name string) string { s, _ := r.doc[name].(string); return s }

// only records fields that nobody documents.
func (r *request) only(c *double.Call, names ...string) {
	for name := range r.doc {
		if !slices.Contains(names, name) {
			c.Violation("field %q is not documented", name)
		}
	}
	for _, name := range []string{"model", "prompt"} {
		if r.text(name) == "" {
			c.Violation("%s is missing", name)
		}
	}
}

// is records a field that has another value than the only safe one.
func (r *request) is(c *double.Call, name string, want any) {
	if r.doc[name] != want {
		c.Violation("%s is %v, want %v said aloud", name, r.doc[name], want)
	}
}

// size records a size that is not WxH in steps that models take.
func (r *request) size(c *double.Call, name string) {
	if !regexp.MustCompile(`^[1-9]\d{2,3}x[1-9]\d{2,3}$`).MatchString(r.text(name)) {
		c.Violation("%s is %v", name, r.doc[name])
	}
}

// seed records a seed that is missing, so that the server draws one that
// nobody knows, or is out of range.
func (r *request) seed(c *double.Call, most float64) {
	if f, ok := r.doc["seed"].(float64); !ok || f < 0 || f > most {
		c.Violation("seed is %v", r.doc["seed"])
	}
}

func checkMaaS(c *double.Call, r *request) {
	r.only(c, "model", "prompt", "image", "size", "response_format", "seed", "watermark")
	r.is(c, "watermark", false)
	r.is(c, "response_format", "b64_json")
	r.size(c, "size")
	r.seed(c, 1<<31)
	if err := (double.Photo{Bytes: 15 << 20}).DataURI(r.text("image")); err != nil {
		c.Violation("image: %v", err)
	}
}

func checkSiliconFlow(c *double.Call, r *request) {
	kolors := strings.Contains(r.text("model"), "Kolors")
	names := []string{"model", "prompt", "negative_prompt", "image", "seed", "num_inference_steps", "cfg"}
	if kolors {
		names = append(names[:6], "image_size", "batch_size", "guidance_scale")
		r.is(c, "batch_size", 1.0)
		r.size(c, "image_size")
	}
	r.only(c, names...)
	r.seed(c, 9999999999)
	if err := (double.Photo{Bytes: 10 << 20}).DataURI(r.text("image")); err != nil {
		c.Violation("image: %v", err)
	}
}

func checkLocalAI(c *double.Call, r *request) {
	r.only(c, "model", "prompt", "file", "n", "response_format", "size", "step")
	r.is(c, "n", 1.0)
	r.is(c, "response_format", "b64_json")
	r.size(c, "size")
	raw, err := base64.StdEncoding.DecodeString(r.text("file"))
	if err == nil {
		err = double.Photo{Bytes: 20 << 20}.Check(raw)
	}
	if err != nil {
		c.Violation("file: %v", err)
	}
}

// checkEdit judges a form. vLLM-Omni takes more fields than OpenAI, and its
// models are whatever the operator serves; OpenAI's own are strict.
func checkEdit(c *double.Call) {
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		c.Violation("Content-Type is %q", c.Header.Get("Content-Type"))
		return
	}
	form, err := multipart.NewReader(bytes.NewReader(c.Body), params["boundary"]).ReadForm(int64(len(c.Body)))
	if err != nil {
		c.Violation("form: %v", err)
		return
	}
	r := &request{doc: map[string]any{}}
	for name, values := range form.Value {
		if r.doc[name] = values[0]; len(values) > 1 {
			c.Violation("%s is there twice", name)
		}
	}
	names := []string{"model", "prompt", "n", "size"}
	if r.doc["size"] != nil || strings.HasPrefix(r.text("model"), "gpt-image") {
		r.size(c, "size")
	}
	if strings.HasPrefix(r.text("model"), "gpt-image") {
		names = append(names, "quality", "output_format")
		r.is(c, "quality", "medium")
		r.is(c, "output_format", "jpeg")
	} else {
		names = append(names, "response_format", "negative_prompt", "num_inference_steps", "guidance_scale", "seed")
		r.is(c, "response_format", "b64_json")
	}
	r.only(c, names...)
	r.is(c, "n", "1")
	for _, name := range []string{"num_inference_steps", "guidance_scale", "seed"} {
		if _, err := strconv.ParseFloat(r.text(name), 64); r.doc[name] != nil && err != nil {
			c.Violation("%s is %v", name, r.doc[name])
		}
	}
	file(c, form)
}

func file(c *double.Call, form *multipart.Form) {
	if len(form.File) != 1 || len(form.File["image"]) != 1 {
		c.Violation("there is not one file named image")
		return
	}
	head := form.File["image"][0]
	if t := head.Header.Get("Content-Type"); t != "image/jpeg" || head.Filename == "" {
		c.Violation("the file is %q of type %q", head.Filename, t)
	}
	f, err := head.Open()
	if err != nil {
		c.Violation("file: %v", err)
		return
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(f)
	if err == nil {
		err = double.Photo{Bytes: 50 << 20}.Check(raw)
	}
	if err != nil {
		c.Violation("image: %v", err)
	}
}
