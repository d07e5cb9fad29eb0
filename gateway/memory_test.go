package main

import (
	"log/slog"
	"runtime/debug"
	"testing"
)

// TestTheOperatorsMemoryLimitWins: the environment is the process's, so it
// runs alone.
func TestTheOperatorsMemoryLimitWins(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "700MiB")
	const set = 700 << 20
	before := debug.SetMemoryLimit(set) // as the runtime does when it starts
	defer debug.SetMemoryLimit(before)
	limitMemory(slog.New(slog.DiscardHandler))
	if got := debug.SetMemoryLimit(-1); got != set {
		t.Errorf("limit = %d, want %d", got, set)
	}
}
