package wire

import (
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Limits bound what one connection may cost.
type Limits struct {
	Head        time.Duration // for the head of a request, from its first byte (of a fresh connection: from accept)
	Idle        time.Duration // between requests
	Shed        time.Duration // without a request, before others that find no room may take its place
	Body        time.Duration // without a byte of a body that a handler reads
	BodyWindow  time.Duration // over which BodyRate is demanded
	BodyRate    int64         // bytes per second that a body must reach in any longer time; 0 demands none
	Write       time.Duration // for each piece of at most 128 KiB that is written
	Skip        int64         // bytes of an unread body that are swallowed to keep a connection alive
	Linger      time.Duration // how long a refused sender may go on before the connection is cut
	LingerBytes int64         // how much a refused sender may go on sending
}

// Defaults suit phones on bad networks and nobody else's patience.
func Defaults() Limits {
	return Limits{
		Head: 10 * time.Second, Idle: 75 * time.Second, Shed: time.Second,
		Body: 20 * time.Second, BodyWindow: 30 * time.Second, BodyRate: 2 << 10,
		Write: 15 * time.Second, Skip: 64 << 10,
		Linger: 500 * time.Millisecond, LingerBytes: 256 << 10,
	}
}

// Validate says everything that is wrong.
func (l Limits) Validate() error {
	var faults check.Faults
	for name, d := range map[string]time.Duration{
		"head": l.Head, "idle": l.Idle, "shed": l.Shed, "body": l.Body, "bodyWindow": l.BodyWindow, "write": l.Write, "linger": l.Linger,
	} {
		faults.If(d <= 0, "http.wire.%s: must be positive, is %v", name, d)
	}
	faults.If(l.BodyRate < 0 || l.Skip < 0 || l.LingerBytes < 0, "http.wire: sizes and counts must not be negative")
	return faults.Err()
}
