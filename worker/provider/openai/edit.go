package openai

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// field is one value of a form; "" is not sent.
type field struct{ name, value string }

// edit is a form with the photo as a file.
func (d *Driver) edit(r provider.Request, photo []byte) (vendorhttp.Call, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	err := write(form, d.fields(r), photo)
	if err != nil { // nothing fails in memory
		return vendorhttp.Call{}, provider.NotSent(task.ClassInput, fmt.Errorf("encode request: %w", err))
	}
	return vendorhttp.Call{
		Method: http.MethodPost, URL: d.base + "/images/edits", Body: body.Bytes(), Header: vendorhttp.Bearer(d.key, form.FormDataContentType()),
	}, nil
}

func (d *Driver) fields(r provider.Request) []field {
	f := []field{{"model", d.model}, {"prompt", r.Text}, {"n", "1"}, {"size", r.Size}}
	if gptImage(d.model) { // it knows one form of answer only, and prices by quality
		return append(f, field{"quality", "medium"}, field{"output_format", "jpeg"})
	}
	f = append(f, field{"response_format", "b64_json"})
	if d.dialect == VLLM {
		f = append(f, field{"negative_prompt", r.Negative}, field{"num_inference_steps", positive(float64(r.Steps))}, field{"guidance_scale", positive(r.CFG)})
		if r.Seed >= 0 {
			f = append(f, field{"seed", strconv.FormatInt(r.Seed, 10)})
		}
	}
	return f
}

func gptImage(model string) bool {
	return strings.HasPrefix(strings.TrimPrefix(strings.ToLower(model), "openai/"), "gpt-image")
}

// positive writes a number, and nothing for one that is not to be sent.
func positive(f float64) string {
	if f <= 0 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func write(form *multipart.Writer, fields []field, photo []byte) error {
	for _, f := range fields {
		if f.value == "" {
			continue
		}
		if err := form.WriteField(f.name, f.value); err != nil {
			return err
		}
	}
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="image"; filename="photo.jpg"`}, "Content-Type": {"image/jpeg"},
	})
	if err != nil {
		return err
	}
	if _, err := part.Write(photo); err != nil {
		return err
	}
	return form.Close()
}
