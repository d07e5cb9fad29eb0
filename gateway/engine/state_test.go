package engine

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The first decision is a promise that its table is the whole state; buckets
// are found here by how they are opened.
func TestTheStateTableNamesEveryBucket(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.FromSlash("../../deploy/adr/0001-state.md"))
	if err != nil {
		t.Fatal(err)
	}
	source := gatewaySource(t)
	told := names(table, "bucket `([a-z]+)`")
	for _, name := range names(source, `BucketConfig\{Name: "([a-z]+)"`) {
		if !slices.Contains(told, name) {
			t.Errorf("bucket %q is not in deploy/adr/0001-state.md", name)
		}
	}
	if len(told) < 10 {
		t.Errorf("the table names only %v", told)
	}
	for _, name := range told {
		if !strings.Contains(string(source), `"`+name+`"`) {
			t.Errorf("deploy/adr/0001-state.md tells of bucket %q, which nobody opens", name)
		}
	}
}

// gatewaySource joins every file of the gateway that is not a test.
func gatewaySource(t *testing.T) []byte {
	t.Helper()
	var source []byte
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		source = append(source, data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func names(text []byte, pattern string) []string {
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
