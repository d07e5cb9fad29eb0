package httpapi

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	waitingPatience = 5 * time.Second // for a request, and for its answer to be read
	waitingGoodbye  = time.Second
	waitingAgain    = 5 * time.Second // after which a client may ask again
)

// Waiting answers in the place of a gateway that waits for its engine: 503 to
// everything but /livez and /version.
type Waiting struct {
	listener *lent
	server   *http.Server
	ended    chan struct{}
	open     sync.WaitGroup // connections
}

// Wait answers on a listener until Over, which leaves the listener to whoever
// serves next.
func Wait(l net.Listener, v Version) (*Waiting, error) {
	tcp, ok := l.(deadliner)
	if !ok {
		return nil, fmt.Errorf("wait on %s: cannot be handed over", l.Addr())
	}
	text, err := loadSentences()
	if err != nil {
		return nil, err
	}
	w := &Waiting{listener: &lent{deadliner: tcp}, ended: make(chan struct{})}
	w.server = &http.Server{
		Handler: waitingHandler(text, v), ReadTimeout: waitingPatience, WriteTimeout: 2 * waitingPatience, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), ConnState: w.count,
	}
	w.server.SetKeepAlivesEnabled(false) // the next server gets no connection but new ones
	go func() {
		defer close(w.ended)
		_ = w.server.Serve(w.listener)
	}()
	return w, nil
}

// Over ends the waiting. Connections that nobody has accepted yet stay in the
// listener's queue; those accepted get their answer first. A shutdown by the
// library would close the ones whose request it has not read. It may be called
// twice.
func (w *Waiting) Over() {
	_ = w.listener.Close()
	<-w.ended
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		w.open.Wait()
	}()
	select {
	case <-answered:
	case <-time.After(waitingGoodbye):
	}
	_ = w.server.Close()
	_ = w.listener.SetDeadline(time.Time{})
}

// count counts connections.
func (w *Waiting) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		w.open.Add(1)
	case http.StateClosed:
		w.open.Done()
	}
}

// deadliner is a listener whose Accept can be interrupted.
type deadliner interface {
	net.Listener
	SetDeadline(t time.Time) error
}

// lent is a listener that its server cannot close.
type lent struct {
	deadliner

	back atomic.Bool
}

// Accept implements net.Listener.
func (l *lent) Accept() (net.Conn, error) {
	c, err := l.deadliner.Accept()
	if err != nil && l.back.Load() {
		return nil, net.ErrClosed
	}
	return c, err
}

// Close gives the listener back.
func (l *lent) Close() error {
	l.back.Store(true)
	return l.SetDeadline(time.Unix(1, 0))
}

func waitingHandler(text sentences, v Version) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, struct {
			Status string `json:"status"`
		}{"live"})
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, struct {
			Version
			Go string `json:"go"`
		}{v, runtime.Version()})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			w.Header().Set("Retry-After", fmt.Sprint(waitingAgain.Seconds()))
			respond(w, http.StatusServiceUnavailable, notReady())
			return
		}
		_, _ = io.CopyN(io.Discard, r.Body, maxHeaderBytes) // so that a small body is no reset
		id := newRequestID()
		f := fault.New(fault.EngineUnavailable).After(waitingAgain)
		p := text.describe(f, pickLanguage(r.Header.Get("Accept-Language")), id)
		h := w.Header()
		h.Set("Content-Type", "application/problem+json")
		h.Set("Retry-After", fmt.Sprint(retryAfter(f, p.Status)))
		h.Set("X-Request-Id", id)
		respond(w, p.Status, p)
	})
	return mux
}

// notReady is the answer to /readyz: without the engine nothing else can
// be asked.
func notReady() any {
	type check struct {
		Name string `json:"name"`
		OK   bool   `json:"ok"`
	}
	return struct {
		Ready  bool    `json:"ready"`
		Checks []check `json:"checks"`
	}{Checks: []check{{Name: "engine"}, {Name: "store"}, {Name: "workers"}}}
}

func respond(w http.ResponseWriter, status int, doc any) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}
