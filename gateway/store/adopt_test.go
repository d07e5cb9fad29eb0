package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAFinishedFileBecomesAnObject(t *testing.T) {
	t.Parallel()
	d, err := disk.Open(disk.Config{Dir: t.TempDir(), Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, driver := range map[string]store.Driver{"Renamed": d, "Copied": struct{ store.Driver }{d}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.New(config(), store.Deps{Driver: driver, Keys: ring{"secret"}})
			if err != nil {
				t.Fatal(err)
			}
			file, key := filepath.Join(t.TempDir(), "part"), task.NewID()+"/uploads/x/raw"
			if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.Adopt(t.Context(), key, file); err != nil {
				t.Fatal(err)
			}
			if info, err := s.Stat(t.Context(), key); err != nil || info.Size != 5 {
				t.Errorf("object = %+v, err = %v", info, err)
			}
			if _, err := os.Stat(file); !os.IsNotExist(err) {
				t.Errorf("the file is still there: %v", err)
			}
			if err := s.Adopt(t.Context(), task.NewID()+"/uploads/x/raw", file); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a file that is gone: %v", err)
			}
		})
	}
}
