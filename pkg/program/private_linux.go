package program

import "golang.org/x/sys/unix"

// keepPrivate keeps this process's environment and memory, which hold secrets,
// from the other processes of the same user, and out of core dumps.
func keepPrivate() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
