package openai

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

type item struct {
	B64 string `json:"b64_json"`
	URL string `json:"url"`
}

type document struct {
	Data   []item `json:"data"`
	Images []item `json:"images"`
}

// picture reads a picture wherever servers put it: base64, a data URI or a
// URL, in data or in images.
func (d *Driver) picture(ctx context.Context, a vendorhttp.Answer) (provider.Picture, error) {
	if a.Status != http.StatusOK {
		return provider.Picture{}, refusal(a)
	}
	var doc document
	if err := a.Decode(&doc); err != nil {
		return provider.Picture{}, err
	}
	for _, it := range append(doc.Data, doc.Images...) {
		var data []byte
		var err error
		switch {
		case it.B64 != "":
			data, err = vendorhttp.Inline(it.B64)
		case strings.HasPrefix(it.URL, "data:"):
			data, err = vendorhttp.Inline(it.URL)
		case it.URL != "":
			data, err = d.http.Picture(ctx, it.URL)
		default:
			continue
		}
		return provider.Picture{Data: data}, err
	}
	if f := refusal(a); f.Code != "" { // an error that says success
		return provider.Picture{}, f
	}
	return provider.Picture{}, vendorhttp.Empty("picture")
}

// code is a string with some servers and a number with others.
type code string

// UnmarshalJSON implements json.Unmarshaler; what is neither is no code.
func (c *code) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*c = code(s)
	} else if n := bytes.TrimSpace(b); len(n) > 0 && n[0] != '{' && n[0] != '[' && !bytes.Equal(n, []byte("null")) {
		*c = code(n)
	}
	return nil
}

// said has an error of all these servers, each of which uses other fields.
type said struct {
	Code      code   `json:"code"`
	Type      string `json:"type"`
	Message   string `json:"message"`
	ErrorCode code   `json:"error_code"` // Huawei Cloud
	ErrorMsg  string `json:"error_msg"`
}

// refusal classifies an error.
func refusal(a vendorhttp.Answer) *provider.Failure {
	var outer struct {
		said
		Error json.RawMessage `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &outer)
	s := outer.said
	var inner said
	if json.Unmarshal(outer.Error, &inner) == nil {
		s = inner
	} else if text := ""; json.Unmarshal(outer.Error, &text) == nil {
		s.Message = cmp.Or(s.Message, text)
	}
	name := string(cmp.Or(s.ErrorCode, s.Code, code(s.Type)))
	return a.Failure(class(name, s.Type, a), name, cmp.Or(s.ErrorMsg, s.Message))
}

// class maps the codes of OpenAI, of Huawei Cloud MaaS and of SiliconFlow.
func class(name, kind string, a vendorhttp.Answer) task.Class {
	code := strings.TrimPrefix(name, "ModelArts.")
	known := []vendorhttp.Codes{
		{Class: task.ClassContent, List: "moderation_blocked content_policy_violation 81011 81013"},
		{Class: task.ClassQuota, List: "insufficient_quota billing_hard_limit_reached 81004 81005 81006 30001"},
		{Class: task.ClassAuth, List: "invalid_api_key model_not_found 81002 81003 81009 81015"},
		{Class: task.ClassRate, List: "rate_limit_exceeded 81101 81103"},
		{Class: task.ClassInput, List: "81001 81118"},
		{Class: task.ClassTimeout, List: "APIG.0203"},
	}
	switch {
	case kind == "insufficient_quota":
		known = append(known, vendorhttp.Codes{Class: task.ClassQuota, List: "*"})
	case a.Status == http.StatusConflict:
		known = append(known, vendorhttp.Codes{Class: task.ClassTransient, List: "*"})
	}
	return a.ClassOf(code, known...)
}
