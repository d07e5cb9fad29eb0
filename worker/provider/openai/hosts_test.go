package openai

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Results were seen on these hosts, by people who use the service.
func TestResultsAreFetchedFromTheVendorsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"s3.siliconflow.cn":                         true,
		"oaidalleapiprodscus.blob.core.windows.net": true,
		"sc-maas.oss-cn-shanghai.aliyuncs.com":      true,
		"mine.oss-cn-shanghai.aliyuncs.com":         false,
		"mine.blob.core.windows.net":                false,
	} {
		if got := vendorhttp.Listed(hosts(), host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}
