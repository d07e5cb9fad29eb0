package hunyuan

import (
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// classOf maps the documented error codes of Tencent Cloud, of which most come
// with status 200. Most codes are a family and a case: the codes of families
// that say nothing come first.
func classOf(a vendorhttp.Answer, code string) task.Class {
	return a.ClassOf(code,
		vendorhttp.Codes{Class: task.ClassContent, List: `OperationDenied.ImageIllegalDetected OperationDenied.TextIllegalDetected
			FailedOperation.GenerateImageFailed FailedOperation.ModerationFailed`},
		vendorhttp.Codes{Class: task.ClassInput, List: `FailedOperation.ImageDecodeFailed FailedOperation.ImageDownloadError
			FailedOperation.ImageResolutionExceed FailedOperation.ImageSizeExceed FailedOperation.RequestEntityTooLarge
			FailedOperation.DownloadError FailedOperation.JobNotExist`},
		vendorhttp.Codes{Class: task.ClassRate, List: "FailedOperation.EngineServerLimitExceeded"},
		vendorhttp.Codes{Class: task.ClassQuota, List: `FailedOperation.FreeResourcePackExhausted FailedOperation.ResourcePackExhausted
			FailedOperation.ServiceNotActivated FailedOperation.ServiceStop FailedOperation.ServiceStopArrears`},
		vendorhttp.Codes{Class: task.ClassAuth, List: "FailedOperation.UserUnAuthError"},
		vendorhttp.Codes{Class: task.ClassTimeout, List: "FailedOperation.RequestTimeout FailedOperation.EngineRequestTimeout"},
		vendorhttp.Codes{Class: task.ClassAuth, List: "AuthFailure AuthFailure.* UnauthorizedOperation UnauthorizedOperation.*"},
		vendorhttp.Codes{Class: task.ClassInput, List: `InvalidParameter InvalidParameter.* InvalidParameterValue InvalidParameterValue.*
			MissingParameter MissingParameter.* UnknownParameter UnknownParameter.* UnsupportedOperation UnsupportedOperation.*`},
		vendorhttp.Codes{Class: task.ClassRate, List: "RequestLimitExceeded RequestLimitExceeded.* LimitExceeded LimitExceeded.*"},
		vendorhttp.Codes{Class: task.ClassQuota, List: `ResourceUnavailable ResourceUnavailable.* ResourcesSoldOut ResourcesSoldOut.*
			ResourceInsufficient ResourceInsufficient.*`},
		vendorhttp.Codes{Class: task.ClassTransient, List: "InternalError InternalError.* FailedOperation FailedOperation.*"},
	)
}
