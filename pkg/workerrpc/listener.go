package workerrpc

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cloudwego/kitex/pkg/remote"
	"github.com/cloudwego/kitex/pkg/utils"
)

// transServer accepts connections for Kitex's gRPC handler from any
// net.Listener. Kitex has no server TLS: its own servers insist on netpoll
// connections. This one serves tls.Listener and plain TCP alike, with one
// goroutine a connection, of which a fleet has few.
type transServer struct {
	opt     *remote.ServerOption
	handler remote.ServerTransHandler
	transServerFactory

	mu     sync.Mutex
	ln     net.Listener
	conns  map[net.Conn]struct{}
	closed chan struct{} // when no more connections are taken
	wg     sync.WaitGroup
}

type transServerFactory struct {
	most   int // bytes that a message may announce
	logger *slog.Logger
}

// NewTransServer implements remote.TransServerFactory.
func (f transServerFactory) NewTransServer(opt *remote.ServerOption, h remote.ServerTransHandler) remote.TransServer {
	return &transServer{opt: opt, handler: h, transServerFactory: f, conns: map[net.Conn]struct{}{}, closed: make(chan struct{})}
}

// CreateListener is never asked: the listener is made before the server.
func (t *transServer) CreateListener(net.Addr) (net.Listener, error) {
	return nil, errors.New("a listener must be given")
}

// BootstrapServer accepts until the listener closes.
func (t *transServer) BootstrapServer(ln net.Listener) error {
	t.mu.Lock()
	t.ln = ln
	t.mu.Unlock()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			// Out of descriptors, most likely: give others time to close.
			select {
			case <-t.closed:
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		if !t.accept(conn) {
			_ = conn.Close()
			return nil
		}
	}
}

// accept serves a connection, unless the server is closed.
func (t *transServer) accept(conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.isClosed() {
		return false
	}
	t.conns[conn] = struct{}{}
	t.wg.Go(func() { t.serve(conn) })
	return true
}

func (t *transServer) isClosed() bool {
	select {
	case <-t.closed:
		return true
	default:
		return false
	}
}

// handshakeLimit bounds how long a connection may take to say hello.
const handshakeLimit = 5 * time.Second

// serve runs one connection to its end.
func (t *transServer) serve(conn net.Conn) {
	defer t.forget(conn) // as it was accepted
	// Kitex reads the HTTP/2 preface without a deadline of its own.
	lazy := time.AfterFunc(handshakeLimit, func() { _ = conn.Close() })
	if err := handshake(conn); err != nil {
		t.explain(conn, err)
		return
	}
	conn = newBoundedConn(conn, true, t.most)
	ctx, err := t.handler.OnActive(context.Background(), conn)
	if err != nil || !lazy.Stop() {
		return
	}
	defer t.handler.OnInactive(ctx, conn)
	if err := t.handler.OnRead(ctx, conn); err != nil {
		t.handler.OnError(ctx, err, conn)
	}
}

// handshake proves a TLS peer before anything of Kitex sees the connection.
func handshake(conn net.Conn) error {
	secure, ok := conn.(interface {
		HandshakeContext(context.Context) error
	})
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeLimit)
	defer cancel()
	return secure.HandshakeContext(ctx)
}

// explain says why a certificate is not good enough; whoever speaks no TLS is
// not worth a word.
func (t *transServer) explain(conn net.Conn, err error) {
	var unsigned *tls.CertificateVerificationError
	var role *roleError
	if t.logger == nil || !errors.As(err, &unsigned) && !errors.As(err, &role) {
		return
	}
	from, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
	t.logger.Warn("a certificate of the fleet is refused", "from", from, "reason", err.Error())
}

func (t *transServer) forget(conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	delete(t.conns, conn)
	t.mu.Unlock()
}

// Shutdown closes the listener, tells peers to go elsewhere, waits for the
// running calls and their answers within the exit wait time, and closes what
// is left. A call that ended may have an answer that is not sent yet: a peer
// closes its connection once it has its last answer.
func (t *transServer) Shutdown() error {
	t.mu.Lock()
	if !t.isClosed() {
		close(t.closed)
	}
	ln := t.ln
	t.mu.Unlock()
	if ln != nil {
		_ = ln.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.opt.ExitWaitTime)
	defer cancel()
	var err error
	if g, ok := t.handler.(remote.GracefulShutdown); ok {
		err = g.GracefulShutdown(ctx)
	}
	ended := make(chan struct{})
	go func() {
		t.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		t.closeAll()
		<-ended
	}
	return err
}

func (t *transServer) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for conn := range t.conns {
		_ = conn.Close()
	}
}

// ConnCount implements remote.TransServer.
func (t *transServer) ConnCount() utils.AtomicInt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return utils.AtomicInt(len(t.conns))
}
