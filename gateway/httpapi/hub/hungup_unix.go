//go:build unix

package hub

import (
	"net"
	"syscall"
)

// hungUp looks, without waiting, whether the other end has closed. Bytes that
// a client sends on an event stream are of no interest and are thrown away.
func hungUp(c net.Conn, scratch []byte) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), scratch, 0)
		switch err {
		case nil:
			closed = n == 0
		case syscall.EAGAIN, syscall.EINTR:
		default:
			closed = true
		}
		return true
	})
	return closed || err != nil
}
