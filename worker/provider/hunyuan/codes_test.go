package hunyuan

import (
	"net/http"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func TestEveryDocumentedCodeHasItsClass(t *testing.T) {
	t.Parallel()
	knows := func(status int, code string) task.Class { return classOf(vendorhttp.Answer{Status: status}, code) }
	table := providertest.Documented(t, "hunyuan", knows)
	for class, codes := range map[task.Class][]string{
		task.ClassContent: {
			"OperationDenied.ImageIllegalDetected", "OperationDenied.TextIllegalDetected", "FailedOperation.GenerateImageFailed",
			"FailedOperation.ModerationFailed",
		},
		task.ClassInput: {
			"InvalidParameter", "InvalidParameterValue.ImageEmpty", "InvalidParameterValue.LogoParamErr",
			"InvalidParameterValue.ParameterValueError", "InvalidParameterValue.StyleConflict", "InvalidParameterValue.TextLengthExceed",
			"InvalidParameterValue.UrlIllegal", "InvalidParameterValue.Model", "FailedOperation.ImageDecodeFailed",
			"FailedOperation.ImageDownloadError", "FailedOperation.ImageResolutionExceed", "FailedOperation.ImageSizeExceed",
			"FailedOperation.RequestEntityTooLarge", "FailedOperation.DownloadError", "FailedOperation.JobNotExist",
		},
		task.ClassRate: {
			"RequestLimitExceeded", "RequestLimitExceeded.JobNumExceed", "LimitExceeded", "FailedOperation.EngineServerLimitExceeded",
		},
		task.ClassQuota: {
			"ResourceUnavailable.InArrears", "ResourceUnavailable.LowBalance", "ResourceUnavailable.NotExist", "ResourceUnavailable.StopUsing",
			"ResourceUnavailable.Delivering", "ResourcesSoldOut.ChargeStatusException", "ResourceInsufficient.ChargeResourceExhaust",
			"FailedOperation.FreeResourcePackExhausted", "FailedOperation.ResourcePackExhausted", "FailedOperation.ServiceNotActivated",
			"FailedOperation.ServiceStop", "FailedOperation.ServiceStopArrears",
		},
		task.ClassAuth: {
			"AuthFailure.SignatureExpire", "AuthFailure.SignatureFailure", "AuthFailure.SecretIdNotFound", "UnauthorizedOperation",
			"FailedOperation.UserUnAuthError",
		},
		task.ClassTimeout: {"FailedOperation.RequestTimeout", "FailedOperation.EngineRequestTimeout"},
		task.ClassTransient: {
			"FailedOperation.InnerError", "FailedOperation.RpcFail", "FailedOperation.ServerError", "FailedOperation.Unknown",
			"FailedOperation.ConsoleServerError", "FailedOperation.EngineServerError", "InternalError", "InternalError.Anything", "NeverHeardOf",
		},
	} {
		for _, code := range codes {
			table.Tells(t, knows, http.StatusOK, code)
			if got := knows(http.StatusOK, code); got != class {
				t.Errorf("%s is %s, want %s", code, got, class)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(200, []byte(`{"Response":{"JobId":"1","RequestId":"r"}}`))
	f.Add(200, []byte(`{"Response":{"Error":{"Code":"InternalError","Message":"m"},"RequestId":"r"}}`))
	f.Add(200, []byte(`{"Response":{"JobStatusCode":"5","ResultImage":["http://x/"],"ResultDetails":["Success"]}}`))
	f.Add(502, []byte(`<html>`))
	f.Add(200, []byte(`{"Response":null}`))
	f.Add(200, []byte(`{"data":[{"url":"http://x/"}],"id":"i"}`))
	f.Add(400, []byte(`{"error":{"code":1301,"message":"m"}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := vendorhttp.Answer{Status: status, Body: body}
		var j job
		if _, err := read(a, &j); err == nil {
			if url, err := j.result(); (url == "") == (err == nil) {
				t.Errorf("a result of %q, %v", url, err)
			}
		}
		if url, _, err := readHub(a); (url == "") == (err == nil) {
			t.Errorf("TokenHub: a result of %q, %v", url, err)
		}
	})
}
