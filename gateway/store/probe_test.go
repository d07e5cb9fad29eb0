package store

import (
	"strings"
	"testing"
)

func TestTheProbeWritesWhereNoSessionIs(t *testing.T) {
	t.Parallel()
	key := probeKey()
	if !ValidKey(key) || KindOf(key) != Other || strings.Split(key, "/")[0] == strings.Split(key, "/")[2] || key == probeKey() {
		t.Errorf("key %q", key)
	}
}
