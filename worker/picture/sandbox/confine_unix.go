//go:build unix

package sandbox

import "syscall"

// confine makes allocations beyond limit fail, which ends this process. Only
// memory that can be written counts, not what a runtime merely reserves.
func confine(limit int64) error {
	n := uint64(limit)
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: n, Max: n})
}
