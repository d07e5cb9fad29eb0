package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// kept are the names in a data directory by which gateways and workers find
// what lasts. Others may lie beside them.
func kept() []string {
	return []string{"admin.token", "dev.lock", "engine", "engine-token", "fleet-token", "objects", "partial", "run", "spool", "tls"}
}

// owned refuses a data directory of another user, or one where another user
// has put what we would trust: whoever owns the token knows it.
func owned(dir string) error {
	for _, name := range append([]string{"."}, kept()...) {
		if err := ours(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// ours refuses a file of another user, and a link that another user made.
func ours(path string) error {
	for _, look := range []func(string) (fs.FileInfo, error){os.Lstat, os.Stat} {
		info, err := look(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("--data: %w", err)
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
			return fmt.Errorf("--data: %s belongs to the user with id %d, and you are %d; give a --data of your own", path, s.Uid, os.Geteuid())
		}
	}
	return nil
}
