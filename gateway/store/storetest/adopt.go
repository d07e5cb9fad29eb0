package storetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// aFileBecomesAnObject asks drivers that can take a file without copying it
// first; the others need not be able to.
func aFileBecomesAnObject(t *testing.T, d store.Driver) {
	a, ok := d.(interface {
		Adopt(ctx context.Context, key, path string) error
	})
	if !ok {
		return
	}
	dir := t.TempDir()
	for name, body := range map[string]string{"small": "12345", "large": strings.Repeat("0123456789", 300_000)} {
		file, key := filepath.Join(dir, name), task.NewID()+"/uploads/"+name+"/raw"
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.Adopt(t.Context(), key, file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, info := read(t, d, key); got != body || info.Size != int64(len(body)) {
			t.Errorf("%s: %d bytes came, %d are said", name, len(got), info.Size)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s: the file is still there: %v", name, err)
		}
		if err := a.Adopt(t.Context(), key, file); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: a file that is gone: %v", name, err)
		}
	}
}
