package workerrpc

import (
	"encoding/binary"
	"errors"
	"net"
)

// wireShare is how many times larger than a message may be the one that ends
// its connection. What lies between is read, and answered with a fault.
const wireShare = 4

// maxParts bounds the messages of one connection that are not yet whole.
const maxParts = 1 << 14

var errOversize = errors.New("the peer announced a message that is too large")

// boundedConn ends when its peer announces a message of more than most bytes.
// Kitex would make room for it before its first byte is there.
type boundedConn struct {
	net.Conn
	frames frames
}

// newBoundedConn watches what comes from the peer: for a server, frames follow
// a preface of 24 bytes.
func newBoundedConn(conn net.Conn, server bool, most int) *boundedConn {
	c := &boundedConn{Conn: conn, frames: frames{most: uint32(most), parts: map[uint32]part{}}}
	if server {
		c.frames.left = 24
	}
	return c
}

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bad := c.frames.follow(p[:n]); bad != nil {
		_ = c.Close()
		return 0, bad
	}
	return n, err
}

// frames follows the HTTP/2 frames of one direction as far as gRPC messages
// need it.
type frames struct {
	most  uint32
	head  [9]byte // of the frame that begins
	have  int     // of head
	left  uint32  // of the payload of the frame
	data  bool    // whether it carries messages
	parts map[uint32]part
}

// part is what is there of a stream's message: some bytes of its prefix, or
// all of them and a number of bytes that are to come.
type part struct {
	prefix [5]byte // a flag, and the length
	have   int
	left   uint32
}

const (
	frameData   = 0
	frameReset  = 3
	flagEnd     = 1
	flagPadding = 8
)

// follow takes the next bytes, which may end anywhere.
func (f *frames) follow(b []byte) error {
	for len(b) > 0 {
		if f.left == 0 {
			n := copy(f.head[f.have:], b)
			b, f.have = b[n:], f.have+n
			if f.have < len(f.head) {
				return nil
			}
			f.have = 0
			if err := f.begin(); err != nil {
				return err
			}
		} else {
			n := min(f.left, uint32(len(b)))
			if f.data {
				if err := f.messages(b[:n]); err != nil {
					return err
				}
			}
			b, f.left = b[n:], f.left-n
		}
		if f.left == 0 {
			f.end()
		}
	}
	return nil
}

func (f *frames) stream() uint32 { return binary.BigEndian.Uint32(f.head[5:]) & (1<<31 - 1) }

// begin reads the head of a frame.
func (f *frames) begin() error {
	f.left = uint32(f.head[0])<<16 | uint32(f.head[1])<<8 | uint32(f.head[2])
	f.data = f.head[3] == frameData
	if f.data && f.head[4]&flagPadding != 0 {
		return errors.New("the peer pads its messages, which gRPC does not")
	}
	return nil
}

// end forgets a stream that carries no more messages.
func (f *frames) end() {
	if last := f.data && f.head[4]&flagEnd != 0; last || f.head[3] == frameReset {
		delete(f.parts, f.stream())
	}
	f.data = false
}

// messages takes the next bytes of the stream's messages.
func (f *frames) messages(b []byte) error {
	p := f.parts[f.stream()]
	for len(b) > 0 {
		if p.left > 0 {
			n := min(p.left, uint32(len(b)))
			b, p.left = b[n:], p.left-n
			continue
		}
		n := copy(p.prefix[p.have:], b)
		b, p.have = b[n:], p.have+n
		if p.have == len(p.prefix) {
			p.have, p.left = 0, binary.BigEndian.Uint32(p.prefix[1:])
		}
		if p.left > f.most {
			return errOversize
		}
	}
	if p.have == 0 && p.left == 0 {
		delete(f.parts, f.stream())
		return nil
	}
	f.parts[f.stream()] = p
	if len(f.parts) > maxParts {
		return errors.New("the peer began too many messages at once")
	}
	return nil
}
