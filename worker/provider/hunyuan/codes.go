package hunyuan

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// classOf maps the documented error codes of Tencent Cloud, of which most come
// with status 200. What it does not know is left to the status.
func classOf(a vendorhttp.Answer, code string) task.Class {
	if c := exactly(code); c != task.ClassNone {
		return c
	}
	family, _, _ := strings.Cut(code, ".")
	switch family {
	case "AuthFailure", "UnauthorizedOperation":
		return task.ClassAuth
	case "InvalidParameter", "InvalidParameterValue", "MissingParameter", "UnknownParameter", "UnsupportedOperation":
		return task.ClassInput
	case "RequestLimitExceeded", "LimitExceeded":
		return task.ClassRate
	case "ResourceUnavailable", "ResourcesSoldOut", "ResourceInsufficient":
		return task.ClassQuota
	case "InternalError", "FailedOperation":
		return task.ClassTransient
	default:
		return a.Class()
	}
}

// exactly knows the codes whose family says nothing.
func exactly(code string) task.Class {
	switch code {
	case "OperationDenied.ImageIllegalDetected", "OperationDenied.TextIllegalDetected",
		"FailedOperation.GenerateImageFailed", "FailedOperation.ModerationFailed":
		return task.ClassContent
	case "FailedOperation.ImageDecodeFailed", "FailedOperation.ImageDownloadError", "FailedOperation.ImageResolutionExceed",
		"FailedOperation.ImageSizeExceed", "FailedOperation.RequestEntityTooLarge", "FailedOperation.DownloadError",
		"FailedOperation.JobNotExist":
		return task.ClassInput
	case "FailedOperation.EngineServerLimitExceeded":
		return task.ClassRate
	case "FailedOperation.FreeResourcePackExhausted", "FailedOperation.ResourcePackExhausted", "FailedOperation.ServiceNotActivated",
		"FailedOperation.ServiceStop", "FailedOperation.ServiceStopArrears":
		return task.ClassQuota
	case "FailedOperation.UserUnAuthError":
		return task.ClassAuth
	case "FailedOperation.RequestTimeout", "FailedOperation.EngineRequestTimeout":
		return task.ClassTimeout
	default:
		return task.ClassNone
	}
}
