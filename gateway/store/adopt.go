package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// adopter is a Driver that can take a local file without copying it.
type adopter interface {
	Adopt(ctx context.Context, key, path string) error
}

// adopt waits for a rename no longer than for other calls. A driver elsewhere
// sends the bytes, and bounds that itself.
func (s *Store) adopt(ctx context.Context, d adopter, key, path string) error {
	if s.direct != nil {
		return d.Adopt(ctx, key, path)
	}
	adopted := func(ctx context.Context) (struct{}, error) { return struct{}{}, d.Adopt(ctx, key, path) }
	_, err := ask(ctx, s.gate, adopted, nil)
	return err
}

// Adopt makes a local file an object, whole or not at all, and takes the file
// away. A driver that keeps files of its own on the same file system renames
// it; any other is given the bytes.
func (s *Store) Adopt(ctx context.Context, key, path string) error {
	if !ValidKey(key) {
		return errKey(key)
	}
	if d, ok := s.driver.(adopter); ok {
		err := s.adopt(ctx, d, key, path)
		s.health.wrote(0, err)
		if !errors.Is(err, syscall.EXDEV) {
			return err
		}
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.ObjectNotFound)
	}
	if err != nil {
		return fmt.Errorf("adopt object: %w", err)
	}
	defer func() { _ = f.Close() }()
	n, err := s.driver.Put(ctx, key, f)
	s.health.wrote(n, err)
	if err != nil {
		return fmt.Errorf("adopt object: %w", err)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // its upload was removed meanwhile, which is for the caller to find
}
