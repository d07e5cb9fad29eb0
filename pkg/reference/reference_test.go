package reference_test

import (
	"strings"
	"testing"

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
