package dashscope

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// Results were seen on these hosts, by people who use the service.
func TestResultsAreFetchedFromTheVendorsHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"dashscope-result-bj.oss-cn-beijing.aliyuncs.com":             true,
		"dashscope-result-hz.oss-cn-hangzhou.aliyuncs.com":            true,
		"dashscope-result-sh.oss-cn-shanghai.aliyuncs.com":            true,
		"dashscope-result-wlcb.oss-cn-wulanchabu.aliyuncs.com":        true,
		"dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com":        true,
		"dashscope-result-bj.oss-accelerate.aliyuncs.com":             true,
		"mine.oss-cn-beijing.aliyuncs.com":                            false,
		"dashscope-result-bj.oss-cn-beijing.aliyuncs.com.example.com": false,
	} {
		if got := vendorhttp.Listed(hosts(), host); got != want {
			t.Errorf("%s is allowed: %v", host, got)
		}
	}
}
