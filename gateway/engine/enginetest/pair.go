package enginetest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Token is the token of a pair.
const Token = "secret"

// Pair is an engine and the connection of a second gateway to it, which a
// restart of the engine breaks.
type Pair struct {
	Host, Joined *engine.Engine

	config engine.Config
}

// OpenPair starts an engine for a test.
func OpenPair(t *testing.T) *Pair {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	p := &Pair{config: engine.Config{Dir: t.TempDir(), Listen: addr, Token: secret.New(Token), Replicas: 1, Interval: time.Minute}}
	p.Host = opened(t, p.config)
	p.Joined = opened(t, engine.Config{URL: "nats://" + addr, Token: secret.New(Token), Replicas: 1, Interval: time.Minute})
	return p
}

func opened(t *testing.T, c engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// Await waits for what nothing announces, such as the sight of a mirror.
func Await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // nothing announces it
	}
}

// Restart closes the engine, waits until the second gateway knows, calls away,
// and starts the engine again on what it had written.
func (p *Pair) Restart(t *testing.T, away func()) {
	t.Helper()
	p.Host.Close()
	Await(t, "the connection breaks", func() bool { return !p.Joined.Conn().IsConnected() })
	away()
	p.Host = opened(t, p.config)
}

// Elsewhere restarts the engine and has it changed by write as soon as it is
// back, before the second gateway is connected. From then on it asks that
// gateway by look, without a pause and for a while longer than it takes to see
// everything again. An answer of look that is no error is counted; wrong ones
// it reports itself.
func (p *Pair) Elsewhere(t *testing.T, write func(context.Context, *engine.Engine) error, look func(context.Context) error) {
	t.Helper()
	p.Restart(t, func() {})
	if err := write(t.Context(), p.Host); err != nil {
		t.Fatal(err)
	}
	var seen time.Time // the connection
	answers, asked := 0, 0
	for ; seen.IsZero() || time.Since(seen) < time.Second; asked++ {
		if seen.IsZero() && p.Joined.Conn().IsConnected() {
			seen = time.Now()
		}
		if look(t.Context()) == nil {
			answers++
		}
		if t.Failed() {
			t.Fatalf("look-up %d was wrong", asked+1)
		}
	}
	if answers == 0 {
		t.Errorf("none of %d look-ups was answered", asked)
	}
}
