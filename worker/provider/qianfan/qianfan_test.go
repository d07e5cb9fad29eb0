package qianfan

import (
	"net/http"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/qianfan/qianfantest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, providertest.Vendor{
		Kind: "qianfan", Base: "/v2", New: New, Key: "bce-v3/ALTAK-0123456789/0123456789",
		Double: func(k double.Knobs, key string) providertest.Double { return qianfantest.New(k, key) },
	})
}

func TestEveryDocumentedCodeHasItsClass(t *testing.T) {
	t.Parallel()
	knows := func(status int, code string) task.Class { return classOf(vendorhttp.Answer{Status: status}, code) }
	table := providertest.Documented(t, "qianfan", knows)
	for _, c := range []struct {
		status int
		class  task.Class
		codes  string
	}{
		{400, task.ClassInput, "malformed_json invalid_model invalid_messages invalid_argument characters_too_long tokens_too_long invalid_image_url invalid_image_genration_refer_image"},
		{400, task.ClassContent, "invalid_image_genration_prompt"},
		{401, task.ClassAuth, "invalid_iam_token invalid_appid no_parameter_permission invalid_model"},
		{403, task.ClassContent, "system_unsafe user_setting_unsafe functions_unsafe"},
		{405, task.ClassInput, "method_not_supported"},
		{429, task.ClassRate, "rpm_rate_limit_exceeded tpm_rate_limit_exceeded input_tpm_rate_limit_exceeded output_tpm_rate_limit_exceeded user_rate_limit_exceeded cluster_rate_limit_exceeded cluster_rpm_rate_limit_exceeded cluster_tpm_rate_limit_exceeded preemptible_rate_limit_exceeded something_new"},
		{429, task.ClassQuota, "BILLING_INSUFFICIENT_BALANCE account_overdue account_in_arrears"},
		{500, task.ClassTransient, "internal_error dispatch_internal_error image_genration_interal_error something_new"},
	} {
		for code := range strings.FieldsSeq(c.codes) {
			table.Tells(t, knows, c.status, code)
			if got := knows(c.status, code); got != c.class {
				t.Errorf("%d %s is %s, want %s", c.status, code, got, c.class)
			}
		}
	}
}

func TestModelsThatDrawWithoutAPhotoAreRefused(t *testing.T) {
	t.Parallel()
	for _, m := range []string{"irag-1.0", "qwen-image", "flux.1-schnell"} {
		if _, err := New(provider.Config{Model: m}, "", vendorhttp.Egress{}); err == nil || !strings.HasPrefix(err.Error(), "model: ") {
			t.Errorf("%s: %v", m, err)
		}
	}
	if _, err := New(provider.Config{}, "", vendorhttp.Egress{}); err != nil {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(http.StatusOK, []byte(`{"id":"as-1","data":[{"url":"http://x/"}]}`))
	f.Add(http.StatusOK, []byte(`{"data":[{"b64_json":"AA=="}]}`))
	f.Add(http.StatusBadRequest, []byte(`{"error":{"code":"malformed_json","message":"m"},"id":"as-1"}`))
	f.Add(http.StatusBadGateway, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		doc, err := read(vendorhttp.Answer{Status: status, Body: body})
		if err == nil && doc.Data[0].URL == "" && doc.Data[0].B64JSON == "" {
			t.Error("a picture that is nowhere")
		}
	})
}
