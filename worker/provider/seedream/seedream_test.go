package seedream

import (
	"testing"

	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/seedream/seedreamtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.RunVendor(t, providertest.Vendor{
		Base: "/api/v3", New: New,
		Double: func(k double.Knobs, key string) providertest.Double { return seedreamtest.New(k, key) },
	})
}
