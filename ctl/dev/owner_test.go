package dev

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// stranger is some other user.
const stranger = 65534

func TestDevTrustsNothingOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	for name, plant := range map[string]func(dir string) error{
		"the directory": func(dir string) error { return os.Chown(dir, stranger, stranger) },
		"the token": func(dir string) error {
			path := filepath.Join(dir, "admin.token")
			if err := os.WriteFile(path, []byte(strings.Repeat("k", 64)), 0o600); err != nil {
				return err
			}
			return os.Chown(path, stranger, stranger)
		},
		"a link to a token": func(dir string) error {
			path := filepath.Join(dir, "admin.token")
			if err := os.Symlink("/etc/hostname", path); err != nil {
				return err
			}
			return os.Lchown(path, stranger, stranger)
		},
		"a link that leads nowhere": func(dir string) error {
			path := filepath.Join(dir, "admin.token")
			if err := os.Symlink("/nowhere", path); err != nil {
				return err
			}
			return os.Lchown(path, stranger, stranger)
		},
		"the engine's folder": func(dir string) error {
			path := filepath.Join(dir, "engine")
			if err := os.Mkdir(path, 0o777); err != nil {
				return err
			}
			return os.Chown(path, stranger, stranger)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Defaults()
			c.Data = t.TempDir()
			if err := plant(c.Data); err != nil {
				t.Fatal(err)
			}
			err := Run(t.Context(), c, Deps{Streams: &terminal.Streams{}, Executable: "/nowhere/imgctl"})
			if err == nil || !strings.Contains(err.Error(), "65534") || !strings.Contains(err.Error(), "--data") {
				t.Errorf("dev starts: %v", err)
			}
		})
	}
}

func TestForeignFilesMayLieInTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, stranger, stranger); err != nil {
			t.Fatal(err)
		}
	}
	if err := owned(dir); err != nil {
		t.Error(err)
	}
}
