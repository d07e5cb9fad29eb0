package seedream

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/seedream/seedreamtest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func vendor(model string) providertest.Vendor {
	return providertest.Vendor{
		Kind: "seedream", Base: "/api/v3", Model: model, New: New,
		Double: func(k double.Knobs, key string) providertest.Double { return seedreamtest.New(k, key) },
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, vendor(""))
}

func TestNewerModelsAreAskedForLargerPictures(t *testing.T) {
	t.Parallel()
	v := vendor("doubao-seedream-4-5-251128")
	if _, err := v.Working(t).Make(t.Context(), v.Request(t), report); err != nil {
		t.Error(err)
	}
}

func TestTheDoubleIsStrict(t *testing.T) {
	t.Parallel()
	providertest.RunStrict(t, vendor(""), map[string]func(*providertest.Submission){
		"the watermark is the vendor's":    func(s *providertest.Submission) { s.Drop("watermark") },
		"the watermark is on":              func(s *providertest.Submission) { s.Field(true, "watermark") },
		"a group of pictures":              func(s *providertest.Submission) { s.Field("auto", "sequential_image_generation") },
		"the number is the vendor's":       func(s *providertest.Submission) { s.Drop("sequential_image_generation") },
		"a stream":                         func(s *providertest.Submission) { s.Field(true, "stream") },
		"an n that does not exist":         func(s *providertest.Submission) { s.Field(1, "n") },
		"a seed that does not exist":       func(s *providertest.Submission) { s.Field(7, "seed") },
		"another vendor's size":            func(s *providertest.Submission) { s.Field("1024*1024", "size") },
		"a size that is too small":         func(s *providertest.Submission) { s.Field("512x512", "size") },
		"no size":                          func(s *providertest.Submission) { s.Drop("size") },
		"a format in capitals":             func(s *providertest.Submission) { s.Field("data:image/JPEG;base64,/9j/", "image") },
		"no picture":                       func(s *providertest.Submission) { s.Drop("image") },
		"a picture of ours by URL":         func(s *providertest.Submission) { s.Field("http://10.0.0.1/photo", "image") },
		"no model":                         func(s *providertest.Submission) { s.Field("", "model") },
		"no prompt":                        func(s *providertest.Submission) { s.Drop("prompt") },
		"a form":                           func(s *providertest.Submission) { s.Header.Set("Content-Type", "text/plain") },
		"the picture within the answer":    func(s *providertest.Submission) { s.Field("b64_json", "response_format") },
		"a size as the ratio of a picture": func(s *providertest.Submission) { s.Field("3:4", "size") },
	})
}

func TestEveryDocumentedCodeHasItsClass(t *testing.T) {
	t.Parallel()
	knows := func(status int, code string) task.Class { return class(code, vendorhttp.Answer{Status: status}) }
	table := providertest.Documented(t, "seedream", knows)
	for _, c := range []struct {
		status int
		class  task.Class
		codes  []string
	}{
		{400, task.ClassInput, []string{"MissingParameter", "MissingParameter.prompt", "InvalidParameter", "InvalidParameter.OversizedImage", "InvalidParameter.UnsupportedImageFormat"}},
		{400, task.ClassTransient, []string{"InvalidEndpoint.ClosedEndpoint", "ContentSecurityDetectionError"}},
		{400, task.ClassContent, []string{
			"SensitiveContentDetected", "SensitiveContentDetected.SevereViolation", "SensitiveContentDetected.Violence",
			"InputTextSensitiveContentDetected", "InputImageSensitiveContentDetected", "OutputImageSensitiveContentDetected", "OutputTextSensitiveContentDetected",
			"InputTextRiskDetection", "InputImageRiskDetection", "OutputTextRiskDetection", "OutputImageRiskDetection",
		}},
		{401, task.ClassAuth, []string{"AuthenticationError"}},
		{403, task.ClassAuth, []string{"AccessDenied", "OperationDenied.PermissionDenied"}},
		{403, task.ClassQuota, []string{"AccountOverdueError", "OperationDenied.ServiceOverdue", "OperationDenied.ServiceNotOpen"}},
		{404, task.ClassAuth, []string{
			"InvalidEndpoint.NotFound", "InvalidEndpointOrModel.NotFound", "InvalidEndpointOrModel.ModelIDAccessDisabled", "ModelNotOpen", "UnsupportedModel", "NotFound.Model",
		}},
		{429, task.ClassRate, []string{
			"RateLimitExceeded.EndpointRPMExceeded", "RateLimitExceeded.EndpointTPMExceeded", "ModelAccountRpmRateLimitExceeded", "ModelAccountTpmRateLimitExceeded",
			"ModelAccountIpmRateLimitExceeded", "APIAccountRpmRateLimitExceeded", "AccountRateLimitExceeded", "RequestBurstTooFast", "InflightBatchsizeExceeded",
		}},
		{429, task.ClassTransient, []string{"ServerOverloaded"}},
		{429, task.ClassQuota, []string{"SetLimitExceeded", "QuotaExceeded"}},
		{500, task.ClassTransient, []string{"InternalServiceError"}},
		{400, task.ClassInput, []string{"SomethingNew", ""}}, {503, task.ClassTransient, []string{"SomethingNew", ""}},
	} {
		for _, code := range c.codes {
			table.Tells(t, knows, c.status, code)
			if got := knows(c.status, code); got != c.class {
				t.Errorf("%d %s: %s, want %s", c.status, code, got, c.class)
			}
		}
	}
}
