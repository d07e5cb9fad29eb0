package hub

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// Config says how streams are kept.
type Config struct {
	Heartbeat time.Duration // at least this often something is written
	Sweep     time.Duration // how soon a client that left is noticed
	Write     time.Duration // a reader that takes longer is dropped; it resumes
	Most      int           // streams at once, 0 for no bound
}

// Defaults keep proxies and mobile networks from losing interest.
func Defaults() Config {
	return Config{Heartbeat: 12 * time.Second, Sweep: time.Second, Write: 10 * time.Second}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Heartbeat < c.Sweep || c.Heartbeat > 15*time.Second, "http.stream.heartbeat: must be between sweep and 15s")
	faults.If(c.Most < 0, "http.stream: most must not be negative")
	faults.If(c.Sweep <= 0 || c.Write <= 0, "http.stream: sweep and write must be positive")
	return faults.Err()
}

// Source gives what is written to one stream. The hub calls it from one
// goroutine.
type Source interface {
	// Events delivers revisions; it is closed when this stream was too slow.
	Events() <-chan *task.Record
	// Append adds the frames of a revision to buf. With End the stream is over.
	Append(ctx context.Context, buf []byte, r *task.Record) ([]byte, Next)
	// Close releases the source and says why the stream ended.
	Close(why Reason)
}

// Next says whether a stream goes on.
type Next bool

// The two answers.
const (
	More Next = true
	End  Next = false
)

// Reason is why a stream ended, for logs and metrics.
type Reason string

// The reasons.
const (
	Finished Reason = "finished" // the last event was sent
	Left     Reason = "left"     // the client closed
	Slow     Reason = "slow"     // the client did not read, or lagged behind
	Stopping Reason = "stopping" // the gateway stops
)

// again is when a client that got no stream may ask for one again.
const again = 5 * time.Second

// others is what gateway/ratelimit gives: it tells other gateways how many
// streams a session has here, and returns how many it has there.
type others interface {
	Holds(s task.SessionID, n int64) (elsewhere int64)
}

// Hub holds the streams of one gateway.
type Hub struct {
	c       Config
	others  others
	closing chan struct{}
	once    sync.Once
	running sync.WaitGroup

	mu      sync.Mutex
	streams map[*stream]struct{}
	permits map[task.SessionID]int64
	total   int // permits of all sessions

	open  prometheus.Gauge
	ended *prometheus.CounterVec
	sent  prometheus.Counter
}

// New makes an empty hub. A nil registry is fine.
func New(c Config, elsewhere others, reg prometheus.Registerer) *Hub {
	f := telemetry.For(reg, "http")
	return &Hub{
		c: c, others: elsewhere, closing: make(chan struct{}),
		streams: make(map[*stream]struct{}), permits: make(map[task.SessionID]int64),
		open:  f.Gauge("open_streams", "Event streams that are open now."),
		ended: f.Counters("streams_ended", "Event streams that ended, by reason.", "reason"),
		sent:  f.Counter("stream_events", "Revisions written to event streams."),
	}
}

// Closing is closed when streams must end.
func (h *Hub) Closing() <-chan struct{} { return h.closing }

// Acquire counts one more stream of a session, at most limit at once at all
// gateways (0: no limit). Streams whose client has left do not count. Release the permit, or
// pass it to Serve, which does.
func (h *Hub) Acquire(s task.SessionID, limit int64) (*Permit, error) {
	err := h.count(s, limit)
	if err != nil && h.reap(s) {
		err = h.count(s, limit)
	}
	if err != nil {
		return nil, err
	}
	h.open.Inc()
	return &Permit{h: h, session: s}, nil
}

func (h *Hub) count(s task.SessionID, limit int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit > 0 && h.permits[s]+h.others.Holds(s, h.permits[s]) >= limit {
		return fault.New(fault.TooManyStreams).After(again)
	}
	if h.c.Most > 0 && h.total >= h.c.Most {
		return fault.New(fault.GatewayFull).After(again)
	}
	h.permits[s]++
	h.total++
	if limit > 0 {
		h.others.Holds(s, h.permits[s])
	}
	return nil
}

func (h *Hub) uncount(s task.SessionID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.total--
	if h.permits[s]--; h.permits[s] <= 0 {
		delete(h.permits, s)
	}
	h.others.Holds(s, h.permits[s])
}

// Permit is one counted stream of a session.
type Permit struct {
	h        *Hub
	session  task.SessionID
	released atomic.Bool
}

// Release ends the count. Only the first call has an effect.
func (p *Permit) Release(why Reason) {
	if p.released.Swap(true) {
		return
	}
	p.h.uncount(p.session)
	p.h.open.Dec()
	p.h.ended.WithLabelValues(string(why)).Inc()
}

// Serve writes first to conn, then what source says. At the end it closes conn
// and releases the permit. It blocks.
func (h *Hub) Serve(permit *Permit, conn net.Conn, first []byte, next Next, source Source) {
	s := &stream{conn: conn, source: source, permit: permit, wake: make(chan signal, 1), due: h.firstHeartbeat()}
	if !h.enter(s) {
		h.finish(s, Stopping)
		return
	}
	why := h.run(s, first, next)
	h.leave(s)
	h.finish(s, why)
	h.running.Done()
}

func (h *Hub) enter(s *stream) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closing:
		return false
	default:
	}
	h.streams[s] = struct{}{}
	h.running.Add(1)
	return true
}

func (h *Hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, s)
}

func (h *Hub) finish(s *stream, why Reason) {
	_ = s.conn.Close()
	s.source.Close(why)
	s.permit.Release(why)
}

// firstHeartbeat spreads heartbeats, so that they do not come in one burst.
func (h *Hub) firstHeartbeat() int { return 1 + rand.IntN(h.period()) }

func (h *Hub) period() int { return max(1, int(h.c.Heartbeat/h.c.Sweep)) }

// Close ends every stream at once, so that clients resume elsewhere, and
// waits until they are gone.
func (h *Hub) Close() {
	h.mu.Lock()
	h.once.Do(func() { close(h.closing) })
	h.mu.Unlock()
	h.running.Wait()
}
