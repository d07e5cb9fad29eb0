package seedream

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Results were seen on these hosts, by people who use the service.
func TestResultsAreFetchedFromTheVendorsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"ark-content-generation-v2-cn-beijing.tos-cn-beijing.volces.com": true,
		"ark-acg-cn-beijing.tos-cn-beijing.volces.com":                   true,
		"ark-acg-ap-southeast-1.tos-ap-southeast-1.volces.com":           true,
		"ark-content-generation-cn-shanghai.tos-cn-shanghai.volces.com":  true,
		"mine.tos-cn-beijing.volces.com":                                 false,
		"ark-x.evil.tos-cn-beijing.volces.com":                           false,
		"ark-x.tos-cn-beijing.volces.com.example.com":                    false,
	} {
		if got := vendorhttp.Listed(hosts(), host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}
