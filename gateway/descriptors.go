package main

import (
	"fmt"
	"math"
	"net/netip"

	"golang.org/x/sys/unix"
)

// What a gateway's open files are for, beside people's connections.
const (
	ownDescriptors   = 256  // engine, store, operators, workers, other gateways
	ownShare         = 16   // and that part of the limit: larger fleets have higher limits
	fileShare        = 8    // that part is for files that requests read and write
	requestShare     = 4    // that part of people's connections is for requests, whatever streams are open
	fewDescriptors   = 4096 // a limit below it is worth a warning
	leastConnections = 16
)

// descriptors is how the limit on open files (RLIMIT_NOFILE) is divided. Go
// has raised the soft limit to the hard one before main began.
type descriptors struct {
	limit       int // 0 is none
	connections int // of people, event streams included
	streams     int // of those
	files       int // that requests have open at once
}

func processDescriptors() descriptors {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || r.Cur >= math.MaxInt32 {
		return descriptors{}
	}
	return divide(int(r.Cur)) //nolint:gosec // compared above
}

func divide(limit int) descriptors {
	files := limit / fileShare
	connections := max(limit-ownDescriptors-limit/ownShare-files, leastConnections)
	return descriptors{limit: limit, files: files, connections: connections, streams: connections - connections/requestShare}
}

// warning is what an operator should know of the limit, "" for nothing.
func (d descriptors) warning() string {
	if d.limit == 0 || d.limit >= fewDescriptors {
		return ""
	}
	return fmt.Sprintf("the limit on open files (RLIMIT_NOFILE, ulimit -n) is %d, so http.listen takes %d connections at once; at least %d is advised", d.limit, d.connections, fewDescriptors)
}

// loopback are the addresses of this machine.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}
