package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	"github.com/imgfleet/imgfleet/deploy/rig"
)

const (
	dialers    = 64 // streams being opened at once
	lastEvents = 2 * time.Second
)

// watcher runs a Streams.
type watcher struct {
	job     Streams
	streams []*stream
	ended   sync.WaitGroup
	seen    atomic.Int64
	closing atomic.Bool
	lost    atomic.Int64 // streams that the server ended
}

// stream is one open event stream. Its writer notes when a version was made,
// its reader how long it took to arrive.
type stream struct {
	conn  net.Conn
	lines *bufio.Reader
	made  [maxVersions]atomic.Int64 // by version modulo, unix nanoseconds
	times []time.Duration
}

// maxVersions is more than a task gets within one run.
const maxVersions = 64

func newWatcher(s Streams) *watcher { return &watcher{job: s} }

// prepare opens all streams and reads each one's snapshot.
func (w *watcher) prepare(ctx context.Context) error {
	if n := len(w.job.Watched); w.job.Writers < 1 || n%w.job.Writers != 0 {
		return fmt.Errorf("%d tasks cannot be shared evenly by %d writers", n, w.job.Writers)
	}
	w.streams = make([]*stream, len(w.job.Watched))
	err := rig.Parallel(dialers, len(w.streams), func(i int) (err error) {
		w.streams[i], err = w.open(ctx, w.job.Watched[i])
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range w.streams {
		w.ended.Go(func() { w.follow(s) })
	}
	return nil
}

func (w *watcher) close() {
	w.closing.Store(true)
	for _, s := range w.streams {
		if s != nil {
			_ = s.conn.Close()
		}
	}
	w.ended.Wait()
}

func (w *watcher) open(ctx context.Context, t Watched) (*stream, error) {
	c, err := dial(ctx, w.job.Addr)
	if err != nil {
		return nil, err
	}
	s := &stream{conn: c, lines: bufio.NewReaderSize(c, 512)}
	_ = c.SetDeadline(time.Now().Add(answerWithin))
	_, err = fmt.Fprintf(c, "GET /tasks/%s/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n",
		t.Task, w.job.Addr, t.Token)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	status, err := s.line()
	if err != nil || !bytes.HasPrefix(status, []byte("HTTP/1.1 200")) {
		return nil, errors.Join(fmt.Errorf("stream of task %s: %q: %w", t.Task, status, err), c.Close())
	}
	if _, err := s.event(); err != nil {
		return nil, errors.Join(fmt.Errorf("snapshot of task %s: %w", t.Task, err), c.Close())
	}
	return s, c.SetDeadline(time.Time{})
}

// follow takes events until the connection ends. Each is timed when its last
// byte has been read.
func (w *watcher) follow(s *stream) {
	for {
		v, err := s.event()
		if err != nil {
			if !w.closing.Load() {
				w.lost.Add(1)
			}
			return
		}
		if made := s.made[v%maxVersions].Load(); made != 0 {
			s.times = append(s.times, time.Duration(time.Now().UnixNano()-made))
			w.seen.Add(1)
		}
	}
}

// event reads to the end of the next event that has an id. It takes chunk
// sizes between lines for lines of no interest, as SSE does with what it does
// not know.
func (s *stream) event() (version uint64, err error) {
	for {
		line, err := s.line()
		if err != nil {
			return 0, err
		}
		if id, ok := bytes.CutPrefix(line, []byte("id:")); ok {
			if version, err = strconv.ParseUint(string(bytes.TrimSpace(id)), 10, 64); err != nil {
				return 0, fmt.Errorf("%w: event id: %w", errAnswer, err)
			}
		}
		if len(line) == 0 && version > 0 {
			return version, nil
		}
	}
}

// line reads a line of any length, of which it returns the beginning.
func (s *stream) line() ([]byte, error) {
	line, err := s.lines.ReadSlice('\n')
	for more := err; errors.Is(more, bufio.ErrBufferFull); {
		line = bytes.Clone(line)
		_, more = s.lines.ReadSlice('\n')
		err = more
	}
	return bytes.TrimRight(line, "\r\n"), err
}

func (w *watcher) run(ctx context.Context) (Result, error) {
	made, took, err := w.write(ctx)
	if err != nil {
		return Result{}, err
	}
	for until := time.Now().Add(lastEvents); w.seen.Load() < made && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	lost := w.lost.Load()
	w.close()
	var all []time.Duration
	for _, s := range w.streams {
		all = append(all, s.times...)
	}
	r := Result{Seconds: took.Seconds(), Done: len(all), Missing: int(made) - len(all), Times: stat.Of(all)}
	if lost > 0 {
		r.Refused = map[string]int{"stream ended by the server": int(lost)}
	}
	return r, nil
}
