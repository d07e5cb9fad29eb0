package fault_test

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

func TestACodeStandsInOneTableOnce(t *testing.T) {
	t.Parallel()
	codes, seen := faulttest.Codes(t), map[fault.Code]string{}
	if len(codes) < 100 {
		t.Fatalf("only %d codes found", len(codes))
	}
	for name, code := range codes {
		if other, twice := seen[code]; twice {
			t.Errorf("%s and %s are both %q", name, other, code)
		}
		seen[code] = name
		if n := fault.TablesOf(code); n != 1 {
			t.Errorf("%s stands in %d tables", name, n)
		}
	}
}

func TestACodeFromANewerPeerIsInternal(t *testing.T) {
	t.Parallel()
	if c := fault.Code("from_the_future"); c.Kind() != fault.Internal || c.Public() {
		t.Errorf("%s is %v", c, c.Kind())
	}
}
