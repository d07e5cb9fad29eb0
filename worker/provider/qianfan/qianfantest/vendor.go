package qianfantest

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// life is a guess: how long a result of edits may be fetched is not
// documented.
const life = time.Hour

// requestID is the same in every answer: a double has no support desk.
const requestID = "as-simulated0"

// New makes a vendor that takes one key.
func New(k double.Knobs, key string) *double.Double {
	d := double.New(k, refuse)
	d.Below("/v2")
	d.Handle("/v2/images/edits", double.Submit, func(c *double.Call) double.Reply { return generate(c, key) })
	return d
}

func generate(c *double.Call, key string) double.Reply {
	e, r := check(c, key)
	if r != nil {
		c.Violation("%s: %s", r.Code, r.Message)
		return failure(r.Status, r.Code, r.Message)
	}
	if reply, no := c.Refusal(); no {
		return reply
	}
	if reply, no := c.Work(); no {
		return reply
	}
	w, h := sides(*e.Size)
	return double.Reply{Status: http.StatusOK, Doc: map[string]any{
		"id": requestID, "created": time.Now().Unix(), "data": []any{map[string]any{"url": c.Result(double.PNG, w, h, life)}},
	}}
}

// refuse says a class as Qianfan documents it.
func refuse(c task.Class) double.Reply {
	switch c {
	case task.ClassContent:
		return failure(http.StatusBadRequest, "invalid_image_genration_prompt", "the prompt is not legal")
	case task.ClassInput:
		return failure(http.StatusBadRequest, "invalid_image_url", "the picture cannot be read")
	case task.ClassAuth:
		return failure(http.StatusUnauthorized, "invalid_iam_token", "the API key is not known")
	case task.ClassQuota:
		return failure(http.StatusTooManyRequests, "BILLING_INSUFFICIENT_BALANCE", "the account is in arrears")
	case task.ClassRate:
		r := failure(http.StatusTooManyRequests, "rpm_rate_limit_exceeded", "too many requests a minute")
		r.Header = http.Header{"Retry-After": {"2"}}
		return r
	case task.ClassTimeout:
		return double.Reply{Status: http.StatusGatewayTimeout, Doc: "upstream request timeout"}
	default:
		return failure(http.StatusInternalServerError, "image_genration_interal_error", "internal error")
	}
}

func failure(status int, code, message string) double.Reply {
	return double.Reply{Status: status, Doc: map[string]any{
		"id": requestID, "error": map[string]any{"code": code, "message": message, "type": "invalid_request_error"},
	}}
}
