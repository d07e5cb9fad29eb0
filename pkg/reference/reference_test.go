package reference_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/reference"
)

func TestAKeyIsFoundAsItIsWritten(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"http.listen": "http.listen", "providers[3].name": "providers[].name", "providers": "providers"} {
		if k, ok := reference.Find(path); !ok || k.Path != want || k.Words == "" || len(k.Readers) == 0 {
			t.Errorf("%s: %+v, %v", path, k, ok)
		}
	}
	if _, ok := reference.Find("http.listn"); ok {
		t.Error("a key was found that there is not")
	}
}

func TestEveryKeyStandsBehindItsSection(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"": true}
	for _, k := range reference.Keys() {
		section := strings.TrimSuffix(k.Path[:max(0, strings.LastIndex(k.Path, "."))], "[]")
		if !seen[section] || seen[k.Path] {
			t.Errorf("%s is given twice, or before its section", k.Path)
		}
		seen[k.Path] = true
	}
}

// One file is for all programs: each skips what is another's.
func TestNoSectionIsUnknownToAnyProgram(t *testing.T) {
	t.Parallel()
	for _, k := range reference.Keys() {
		if strings.Contains(k.Path, ".") {
			continue
		}
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(k.Path+": {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := config.Load(&struct{}{}, config.Options{File: file}); err != nil {
			t.Errorf("a program without %s says %v", k.Path, err)
		}
	}
}
