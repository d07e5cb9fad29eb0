package rig

import "syscall"

// Used is the processor time in seconds of this process (syscall.RUSAGE_SELF)
// or of those that it started and that have ended (syscall.RUSAGE_CHILDREN).
func Used(who int) float64 {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
