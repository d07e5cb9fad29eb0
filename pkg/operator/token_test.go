package operator_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestTheTokenIsMadeOnceAndIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "admin.token")
	const processes = 8
	tokens := make([]string, processes)
	var starting sync.WaitGroup
	for i := range processes {
		starting.Go(func() {
			var err error
			if tokens[i], err = operator.LoadOrCreateToken(path); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
	for _, token := range tokens {
		if token != tokens[0] || len(token) != 64 {
			t.Fatalf("tokens differ: %q", tokens)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := operator.LoadOrCreateToken(path); err != nil || again != tokens[0] {
		t.Errorf("after a restart: %q, %v", again, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAShortTokenIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "admin.token")
	if err := os.WriteFile(path, []byte("admin\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token, err := operator.LoadOrCreateToken(path); err == nil {
		t.Errorf("token = %q, want a refusal", token)
	}
}
