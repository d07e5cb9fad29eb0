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
	if code == "invalid_model" && a.Status == http.StatusUnauthorized {
		return task.ClassAuth // the key may not use the model
	}
	return a.ClassOf(strings.ToLower(code),
		vendorhttp.Codes{Class: task.ClassInput, List: `malformed_json invalid_messages invalid_argument characters_too_long tokens_too_long
			invalid_image_url invalid_image_genration_refer_image method_not_supported invalid_model`},
		vendorhttp.Codes{Class: task.ClassContent, List: "invalid_image_genration_prompt *_unsafe"},
		vendorhttp.Codes{Class: task.ClassAuth, List: "invalid_iam_token invalid_appid no_parameter_permission"},
		vendorhttp.Codes{Class: task.ClassTransient, List: "internal_error dispatch_internal_error image_genration_interal_error"},
		vendorhttp.Codes{Class: task.ClassRate, List: "*rate_limit_exceeded"},
		// The name is not documented; sister products say BILLING_INSUFFICIENT_BALANCE.
		vendorhttp.Codes{Class: task.ClassQuota, List: "*balance* *overdue* *arrear*"},
	)
}
