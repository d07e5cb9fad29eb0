//go:build !linux

package peer

// giveUp has no means here. What is sent and not acknowledged is repeated for as
// long as the system likes; connections without traffic end all the same.
func giveUp(uintptr) error { return nil }
