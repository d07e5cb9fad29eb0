package qianfan

import (
	"net/http"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// classOf maps the documented error codes of Qianfan, spelt as documented.
// What it does not know is left to the status.
func classOf(a vendorhttp.Answer, code string) task.Class {
	switch code {
	case "malformed_json", "invalid_messages", "invalid_argument", "characters_too_long", "tokens_too_long", "invalid_image_url",
		"invalid_image_genration_refer_image", "method_not_supported":
		return task.ClassInput
	case "invalid_model": // with 401 it means that the key may not use the model
		if a.Status == http.StatusUnauthorized {
			return task.ClassAuth
		}
		return task.ClassInput
	case "invalid_image_genration_prompt":
		return task.ClassContent
	case "invalid_iam_token", "invalid_appid", "no_parameter_permission":
		return task.ClassAuth
	case "internal_error", "dispatch_internal_error", "image_genration_interal_error":
		return task.ClassTransient
	}
	switch lower := strings.ToLower(code); {
	case strings.HasSuffix(lower, "_unsafe"):
		return task.ClassContent
	case strings.HasSuffix(lower, "rate_limit_exceeded"):
		return task.ClassRate
	case strings.Contains(lower, "balance"), strings.Contains(lower, "overdue"), strings.Contains(lower, "arrear"):
		return task.ClassQuota // its name is not documented; sister products say BILLING_INSUFFICIENT_BALANCE
	default:
		return a.Class()
	}
}
