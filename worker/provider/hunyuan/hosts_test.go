package hunyuan

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Results were seen on these hosts, by people who use the service.
func TestResultsAreFetchedFromTheVendorsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"aiart-1258344699.cos.ap-guangzhou.myqcloud.com":                  true,
		"aigc-image.cos.myqcloud.com":                                     true,
		"aigc-output-image-file-1258344699.cos.ap-guangzhou.myqcloud.com": true,
		"mine-1250000000.cos.ap-guangzhou.myqcloud.com":                   false,
		"aigc-image-1250000000.cos.ap-guangzhou.myqcloud.com":             false,
		"aigc-image.cos.myqcloud.com.example.com":                         false,
	} {
		if got := vendorhttp.Listed(hosts(), host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}
