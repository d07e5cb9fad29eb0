//go:build !linux

package peertest

import "testing"

// Alone skips the test: only Linux gives a process a network of its own.
func Alone(t *testing.T) bool {
	t.Helper()
	t.Skip("needs a network of its own, which Linux gives")
	return false
}

// Vanish is never called here.
func Vanish(*testing.T) {}
