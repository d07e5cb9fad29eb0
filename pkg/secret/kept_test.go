package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestAKeptSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "fleet-token")
	if v, err := Kept(path); err != nil || !v.Empty() {
		t.Fatalf("before it is made: %v", err)
	}
	later := FromFile(path)
	var all sync.WaitGroup
	made := make([]string, 20)
	for i := range made {
		all.Go(func() {
			v, err := Keep(path)
			if err != nil {
				t.Error(err)
			}
			made[i] = v.Reveal()
		})
	}
	all.Wait()
	for _, m := range made {
		if m != made[0] || len(m) < 32 {
			t.Errorf("made were %q and %q", m, made[0])
		}
	}
	if v, err := later.Value(); err != nil || v.Reveal() != made[0] {
		t.Errorf("whoever waits for it gets %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestAKeptSecretThatOthersMayKnowIsAFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, x := range map[string]struct {
		text string
		mode fs.FileMode
		code fault.Code
	}{
		"group": {"secret", 0o640, fault.SecretExposed}, "world": {"secret", 0o604, fault.SecretExposed}, "written": {"secret", 0o622, fault.SecretExposed},
		"empty": {"\n", 0o600, fault.SecretMissing},
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(x.text), 0o600), os.Chmod(path, x.mode)); err != nil {
			t.Fatal(err)
		}
		for _, read := range []func(string) (Value, error){Kept, Keep} {
			if v, err := read(path); fault.CodeOf(err) != x.code || !v.Empty() {
				t.Errorf("%s: %v, want %s", name, err, x.code)
			}
		}
	}
	if _, err := Kept(dir); fault.CodeOf(err) != fault.SecretExposed {
		t.Errorf("a directory: %v", err)
	}
}
