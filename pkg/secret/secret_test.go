package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestReferencesLeadToSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	empty := filepath.Join(dir, "empty")
	if err := errors.Join(os.WriteFile(file, []byte("from file\n"), 0o600), os.WriteFile(empty, []byte("\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r := Resolver{Getenv: func(n string) string { return map[string]string{"KEY": "from env"}[n] }}
	for ref, want := range map[string]string{
		"": "", "literal": "literal", "env:KEY": "from env", "file:" + file: "from file", "SecretId:SecretKey": "SecretId:SecretKey",
	} {
		if got, err := Resolve(t.Context(), ref, r); got != want || err != nil {
			t.Errorf("%q = %q, %v; want %q", ref, got, err, want)
		}
	}
	for _, ref := range []string{"env:", "env:OTHER", "file:" + file + "x", "file:" + empty, "csms:name", "kms:AAAA"} {
		if _, err := Resolve(t.Context(), ref, r); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want invalid", ref, err)
		}
	}
	if _, err := Resolve(t.Context(), "kms:c2VjcmV0", r); !errors.Is(err, ErrUnsupported) || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Errorf("kms: %v, want unsupported and without its payload", err)
	}
}
