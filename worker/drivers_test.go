package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/prompt"
)

// A folder without its line draws nothing, and a line without a profile is a
// kind that gateways refuse.
func TestAVendorIsItsFolderItsLineAndItsProfile(t *testing.T) {
	t.Parallel()
	known := vendors()
	doubles, err := filepath.Glob("provider/*/*test")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range doubles {
		kind := filepath.Base(filepath.Dir(path))
		if kind+"test" == filepath.Base(path) && known[kind].driver == nil {
			t.Errorf("provider/%s has no line in drivers.go", kind)
		}
	}
	for kind := range known {
		if _, err := os.Stat(filepath.Join("provider", kind)); err != nil {
			t.Errorf("the line of %s has no folder: %v", kind, err)
		}
		if !slices.Contains(prompt.Kinds(), kind) {
			t.Errorf("%s has no profile in pkg/prompt", kind)
		}
	}
}
