package porttest

import (
	"net"
	"slices"
	"testing"
)

func TestPortsAreFreeAndDiffer(t *testing.T) {
	t.Parallel()
	addrs := Must(t, 50)
	for _, a := range addrs {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", a)
		if err != nil {
			t.Error(err)
			continue
		}
		_ = l.Close()
	}
	slices.Sort(addrs)
	if n := len(slices.Compact(addrs)); n != 50 {
		t.Errorf("%d differ", n)
	}
}
