package rig

import (
	"slices"
	"testing"
)

func TestADevelopersSettingsStayOutside(t *testing.T) {
	t.Parallel()
	got := Environ([]string{"PATH=/bin", "IMGFLEET_HTTP_LISTEN=:1"})
	if !slices.Equal(got, []string{"PATH=/bin"}) {
		t.Errorf("environment = %q", got)
	}
}
