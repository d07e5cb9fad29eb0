package qianfan

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Results were seen on these hosts, by people who use the service.
func TestResultsAreFetchedFromTheVendorsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"qianfan-modelbuilder-img-gen.bj.bcebos.com":             true,
		"qianfan-img-gen.bj.bcebos.com":                          false,
		"mine.bj.bcebos.com":                                     false,
		"qianfan-modelbuilder-img-gen.bj.bcebos.com.example.com": false,
	} {
		if got := vendorhttp.Listed(hosts(), host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}
