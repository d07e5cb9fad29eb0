package peer

import "syscall"

// userTimeout is TCP_USER_TIMEOUT, which package syscall does not name.
const userTimeout = 18

// giveUp bounds how long the system repeats what nobody acknowledges; its own
// patience is a quarter of an hour.
func giveUp(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(Gone.Milliseconds()))
}
