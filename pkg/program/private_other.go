//go:build !linux

package program

// keepPrivate has no means here.
func keepPrivate() {}
