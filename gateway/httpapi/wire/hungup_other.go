//go:build !unix

package wire

// HungUp cannot look on this system.
func (c *Conn) HungUp() bool { return false }
