package dashscope

import (
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/dashscope/dashscopetest"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func vendor(model string) providertest.Vendor {
	unsaid := []string{"input.negative_prompt", "parameters.negative_prompt"}
	if !strings.HasPrefix(model, "qwen-image-2") {
		unsaid = append(unsaid, "parameters.size") // without it the photo's ratio is kept, for the same price
	}
	return providertest.Vendor{
		Unsaid: unsaid,
		Kind:   "dashscope", Base: "/api/v1", Model: model, Jobs: model == "", Takes: model == "", New: quick,
		Double: func(k double.Knobs, key string) providertest.Double { return dashscopetest.New(k, key) },
	}
}

// quick polls as fast as a test wants to be over.
func quick(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
	d, err := New(c, key, e)
	d.(*Driver).every = 5 * time.Millisecond
	return d, err
}

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, vendor(""))
}

func TestConformanceOfCalls(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, vendor("qwen-image-edit-plus"))
}

func TestEveryModelIsAskedInItsWay(t *testing.T) {
	t.Parallel()
	for _, model := range []string{
		"wan2.5-i2i-preview", "qwen-image-edit", "qwen-image-edit-plus-2025-10-30", "qwen-image-edit-max", "qwen-image-2.0", "wan2.6-image", "wan2.7-image", "wan2.7-image-pro",
	} {
		v := vendor(model)
		if _, err := v.Working(t).Make(t.Context(), v.Request(t), func(provider.Progress) {}); err != nil {
			t.Errorf("%s: %v", model, err)
		}
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			providertest.RunSaid(t, v)
		})
	}
}

type sub = providertest.Submission

func TestTheDoubleIsStrictAboutJobs(t *testing.T) {
	t.Parallel()
	providertest.RunStrict(t, vendor(""), map[string]func(*sub){
		"no word of a job":              func(s *sub) { s.Header.Del("X-DashScope-Async") },
		"four pictures by default":      func(s *sub) { s.Drop("parameters", "n") },
		"two pictures":                  func(s *sub) { s.Field(2, "parameters", "n") },
		"the watermark is the vendor's": func(s *sub) { s.Drop("parameters", "watermark") },
		"the prompt is rewritten":       func(s *sub) { s.Drop("parameters", "prompt_extend") },
		"another vendor's size":         func(s *sub) { s.Field("1024x1024", "parameters", "size") },
		"a size that is too large":      func(s *sub) { s.Field("2048*2048", "parameters", "size") },
		"a seed out of range":           func(s *sub) { s.Field(-1, "parameters", "seed") },
		"no picture":                    func(s *sub) { s.Field([]string{}, "input", "images") },
		"a broken picture":              func(s *sub) { s.Field([]string{"data:image/jpeg;base64,/9j/"}, "input", "images") },
		"no prompt":                     func(s *sub) { s.Drop("input", "prompt") },
		"the other protocol's negative": func(s *sub) { s.Field("text", "parameters", "negative_prompt") },
		"a model of the other protocol": func(s *sub) { s.Field("qwen-image-edit", "model") },
		"a field that nobody documents": func(s *sub) { s.Field(1, "parameters", "steps") },
	})
}

func TestTheDoubleIsStrictAboutCalls(t *testing.T) {
	t.Parallel()
	providertest.RunStrict(t, vendor("qwen-image-edit"), map[string]func(*sub){
		"a size for a model without":    func(s *sub) { s.Field("1024*1024", "parameters", "size") },
		"the number is the vendor's":    func(s *sub) { s.Drop("parameters", "n") },
		"the watermark is on":           func(s *sub) { s.Field(true, "parameters", "watermark") },
		"interleaved text":              func(s *sub) { s.Field(true, "parameters", "enable_interleave") },
		"the other protocol's prompt":   func(s *sub) { s.Field("a", "input", "prompt") },
		"no message":                    func(s *sub) { s.Field([]any{}, "input", "messages") },
		"a model of the other protocol": func(s *sub) { s.Field("wan2.5-i2i-preview", "model") },
	})
	providertest.RunStrict(t, vendor("qwen-image-2.0"), map[string]func(*sub){
		"the price of 2K by default": func(s *sub) { s.Drop("parameters", "size") },
	})
}

func TestEveryDocumentedCodeHasItsClass(t *testing.T) {
	t.Parallel()
	knows := func(status int, code string) task.Class { return class(code, vendorhttp.Answer{Status: status}) }
	table := providertest.Documented(t, "dashscope", knows)
	for _, c := range []struct {
		status int
		class  task.Class
		codes  []string
	}{
		{400, task.ClassInput, []string{
			"InvalidParameter", "InvalidParameter.DataInspection", "BadRequest.EmptyInput", "BadRequest.EmptyParameters", "BadRequest.EmptyModel", "InvalidURL", "UnsupportedOperation",
		}},
		{400, task.ClassContent, []string{"DataInspectionFailed", "data_inspection_failed", "IPInfringementSuspect"}},
		{400, task.ClassQuota, []string{"Arrearage"}},
		{401, task.ClassAuth, []string{"InvalidApiKey"}},
		{403, task.ClassAuth, []string{"AccessDenied", "Workspace.AccessDenied"}},
		{403, task.ClassQuota, []string{"AccessDenied.Unpurchased", "AllocationQuota.FreeTierOnly"}},
		{408, task.ClassTimeout, []string{"RequestTimeOut"}},
		{413, task.ClassInput, []string{"BadRequest.TooLarge"}},
		{429, task.ClassRate, []string{"Throttling", "Throttling.RateQuota", "Throttling.BurstRate", "Throttling.AllocationQuota"}},
		{404, task.ClassAuth, []string{"ModelNotFound", "Model not exist"}},
		{500, task.ClassTransient, []string{"InternalError", "InternalError.Algo"}},
		{500, task.ClassTimeout, []string{"InternalError.Timeout"}},
	} {
		for _, code := range c.codes {
			table.Tells(t, knows, c.status, code)
			if got := knows(c.status, code); got != c.class {
				t.Errorf("%d %s: %s, want %s", c.status, code, got, c.class)
			}
		}
	}
}
