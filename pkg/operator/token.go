package operator

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	tokenBytes = 32

	// MinTokenSize is the least an admin token has, also one that an operator
	// chose.
	MinTokenSize = 16
)

// LoadOrCreateToken returns the admin token kept at path and makes it on the
// first call: 32 random bytes in hex, readable by the owner only. Processes
// that start together end up with the same token.
func LoadOrCreateToken(path string) (string, error) {
	token, err := loadToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	if err := createToken(path); err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	return loadToken(path)
}

// CheckToken says what is wrong with the admin token kept at path, and changes
// nothing. One that is not there yet is made at the start.
func CheckToken(path string) error {
	_, err := readToken(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func loadToken(path string) (string, error) {
	token, err := readToken(path)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return token, os.Chmod(path, 0o600)
	}
	return token, nil
}

func readToken(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if len(token) < MinTokenSize {
		return "", fmt.Errorf("admin token: %s holds %d characters, need at least %d; remove the file to get a new one", path, len(token), MinTokenSize)
	}
	return token, nil
}

// createToken writes a new token whole or not at all; when somebody else was
// faster, theirs stays.
func createToken(path string) error {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:])                                        // never fails since Go 1.24
	f, err := os.CreateTemp(filepath.Dir(path), ".admin.token.*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(hex.EncodeToString(b[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
