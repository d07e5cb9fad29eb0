package rig

import "testing"

func TestPortsOfARigDiffer(t *testing.T) {
	t.Parallel()
	ports, err := FreePorts(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range ports {
		seen[p] = true
	}
	if len(seen) != 4 {
		t.Errorf("ports = %q", ports)
	}
}
