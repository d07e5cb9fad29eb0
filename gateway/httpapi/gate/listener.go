package gate

import (
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// saidEvery is how often a line about refused connections is worth it.
const saidEvery = 10 * time.Second

// Config says how many connections may be open at once; 0 is no cap.
// A stranger is a connection that has shown no good token yet.
type Config struct {
	Most       int            // of all
	Strangers  int            // of strangers
	PerAddress func() int64   // of strangers from one address
	Uncounted  []netip.Prefix // addresses that stand for many people, or for nobody else
	Answer     func() []byte  // a whole HTTP answer to one beyond Most; nil closes them at once
	Logger     *slog.Logger
}

// Reason is why a connection was refused, for logs and metrics.
type Reason uint8

// The reasons, in the order in which they are looked for.
const (
	Full Reason = iota
	Strangers
	Address
	reasons
)

// String is the reason as logs and metrics have it.
func (r Reason) String() string {
	return [reasons]string{Full: "full", Strangers: "strangers", Address: "address"}[r]
}

// Listener accepts connections as long as its caps allow.
type Listener struct {
	net.Listener

	c          Config
	perAddress atomic.Pointer[func() int64]
	addresses  *addresses
	open       atomic.Int64
	unknown    atomic.Int64 // strangers
	refused    [reasons]atomic.Int64
	worth      [reasons]telemetry.Seldom
	answering  chan struct{} // a place for each connection that gets an answer
	room       room
}

// On accepts on a listener of TCP that is bound already.
func On(inner net.Listener, c Config) *Listener {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Listener{Listener: inner, c: c, addresses: newAddresses(), answering: make(chan struct{}, answersAtOnce)}
	for i := range l.worth {
		l.worth[i].Every = saidEvery
	}
	l.Limit(c.PerAddress)
	return l
}

// Limit replaces Config.PerAddress. Connections that are open stay open.
func (l *Listener) Limit(perAddress func() int64) {
	if perAddress == nil {
		perAddress = func() int64 { return 0 }
	}
	l.perAddress.Store(&perAddress)
}

// SetDeadline ends an Accept that waits, as net.TCPListener does.
func (l *Listener) SetDeadline(t time.Time) error {
	if inner, ok := l.Listener.(interface{ SetDeadline(t time.Time) error }); ok {
		return inner.SetDeadline(t)
	}
	return nil
}

// Open is how many connections are open.
func (l *Listener) Open() int { return int(l.open.Load()) }

// Refused is how many connections were refused for a reason.
func (l *Listener) Refused(why Reason) int64 { return l.refused[why].Load() }

// Accept waits for the next connection within the caps.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.admit(raw); c != nil {
			return c, nil
		}
	}
}

// admit counts a connection, or refuses it and returns nil.
func (l *Listener) admit(raw net.Conn) net.Conn {
	tcp, ok := raw.(*net.TCPConn)
	if !ok {
		return raw
	}
	c := &Conn{TCPConn: tcp, l: l, from: l.chargedTo(tcp.RemoteAddr())}
	switch {
	case !l.enter():
		l.refuse(Full)
		l.turnAway(tcp)
		return nil
	case !take(&l.unknown, int64(l.c.Strangers)):
		l.open.Add(-1)
		l.refuse(Strangers)
	case !l.addresses.enter(c.from, (*l.perAddress.Load())()):
		l.open.Add(-1)
		l.unknown.Add(-1)
		l.refuse(Address)
	default:
		return c
	}
	_ = tcp.Close()
	return nil
}

// enter counts one more connection, if need be in the room of an idle one.
func (l *Listener) enter() bool {
	most := int64(l.c.Most)
	return take(&l.open, most) || l.room.make() && take(&l.open, most)
}

// take counts one more, unless there are most already.
func take(n *atomic.Int64, most int64) bool {
	if now := n.Add(1); most > 0 && now > most {
		n.Add(-1)
		return false
	}
	return true
}

// refuse counts a refusal, and says from time to time that there are some.
func (l *Listener) refuse(why Reason) {
	total := l.refused[why].Add(1)
	if l.worth[why].Worth(why.String()) {
		l.c.Logger.Warn("connections refused", "reason", why.String(), "refused", total, "open", l.Open())
	}
}
