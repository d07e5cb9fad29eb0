package providertest

import (
	"net/http/httptest"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// proxied: the vendor's name leads nowhere, and behind the proxy is its
// double. So calls, polls and results can only have gone that way.
func proxied(t *testing.T, v Vendor) {
	d := v.Double(double.Knobs{Side: 32}, v.key())
	proxy := httptest.NewServer(d)
	defer proxy.Close()
	p := v.configured(t, provider.Config{BaseURL: "http://vendor.invalid" + v.Base}, secret.New(proxy.URL))
	if _, err := p.Make(t.Context(), v.Request(t), quiet); err != nil {
		t.Error(err)
	}
	if b := d.Books(); b.Billed != 1 || len(b.Violations) > 0 {
		t.Errorf("the vendor's books say %+v", b)
	}
}
