package sandbox

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Sandbox keeps decoding processes and gives each one picture at a time.
type Sandbox struct {
	cfg    Config
	logger *slog.Logger
	turns  chan struct{} // one for each process that may decode
	mu     sync.Mutex
	idle   []*process // the last used last
}

// New makes a Sandbox; cfg must be valid. Nothing runs yet.
func New(cfg Config, logger *slog.Logger) *Sandbox {
	return &Sandbox{cfg: cfg, logger: logger, turns: make(chan struct{}, cfg.Decoders)}
}

// maxWASM is what WebAssembly can hold in about a gigabyte, maxNative what
// libheif can in the same; in pixels. The "24 MP" of phones are 24.47 million.
const (
	maxWASM   = 24_500_000
	maxNative = 100_000_000
)

// MaxPixels bounds the HEIC photos that are decoded here.
func (s *Sandbox) MaxPixels() int64 {
	if s.cfg.HEIF == Native {
		return maxNative
	}
	return maxWASM
}

// Run starts a process before it is needed and ends those that nobody needs
// any more, and all when ctx ends.
func (s *Sandbox) Run(ctx context.Context) {
	if p := s.start(); p != nil {
		s.put(p)
	}
	often := time.NewTicker(s.cfg.Idle)
	defer often.Stop()
	for ctx.Err() == nil {
		select {
		case <-often.C:
			s.reap(time.Now().Add(-s.cfg.Idle))
		case <-ctx.Done():
		}
	}
	for range cap(s.turns) { // those that decode end first
		s.turns <- struct{}{}
	}
	for p := s.get(); p != nil; p = s.get() {
		p.end()
	}
	for range cap(s.turns) {
		<-s.turns
	}
}

// reap ends the processes that have been idle since then, but for the one
// that was used last.
func (s *Sandbox) reap(since time.Time) {
	s.mu.Lock()
	var old []*process
	for len(s.idle) > 1 && s.idle[0].used.Before(since) {
		old, s.idle = append(old, s.idle[0]), s.idle[1:]
	}
	s.mu.Unlock()
	for _, p := range old {
		p.end()
	}
}

// get takes the process that was used last, nil when none is idle.
func (s *Sandbox) get() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.idle) - 1
	if last < 0 {
		return nil
	}
	p := s.idle[last]
	s.idle = s.idle[:last]
	return p
}

func (s *Sandbox) put(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.used = time.Now()
	s.idle = append(s.idle, p)
}

// Decode returns the pixels of a picture as 4:2:0, its long side at most
// longSide, and the size that it had. It waits for its turn. Its faults tell
// a picture that asks for more memory or time than there is for one
// (fault.PhotoTooDemanding) from a decoder that the machine ended or starved
// (fault.DecoderLost), and from one that does not start.
func (s *Sandbox) Decode(ctx context.Context, raw []byte, longSide int) (*image.YCbCr, image.Point, error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, image.Point{}, ctx.Err()
	}
	if p := s.get(); p.gone() {
		p.end()
	} else if img, full, err := s.on(ctx, p, raw, longSide); !died(err) {
		return img, full, err
	} // the pictures before it left little room in one piece: a new one has the last word
	p := s.start()
	if p == nil {
		return nil, image.Point{}, busy(errors.New("decoder does not start"))
	}
	return s.on(ctx, p, raw, longSide)
}

// died reports whether a process ended by itself.
func died(err error) bool {
	return fault.CodeOf(err) == fault.PhotoTooDemanding && !errors.Is(err, errTime)
}

// on has p decode a picture, and keeps it for the next unless it is lost.
func (s *Sandbox) on(ctx context.Context, p *process, raw []byte, longSide int) (*image.YCbCr, image.Point, error) {
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching := s.watch(limited, p, cancel)
	img, full, err := p.decode(limited, raw, longSide)
	cancel(nil)
	watching.Wait()
	if err == nil || errors.Is(err, ErrRefused) {
		s.put(p)
		return img, full, err
	}
	p.end()
	if ctx.Err() != nil {
		return nil, image.Point{}, ctx.Err()
	}
	s.logger.Warn("decoder ended", "err", err)
	starved := errors.Is(err, errStarved)
	if starved || !errors.Is(err, errTime) && !errors.Is(err, errWire) && p.killed() { // by none of us: the machine is short of memory
		return nil, image.Point{}, fault.Wrap(fault.DecoderLost, err).After(retryAfter)
	}
	return nil, image.Point{}, fault.Wrap(fault.PhotoTooDemanding, err)
}

func busy(err error) error {
	return fault.Wrap(fault.WorkerBusy, err).After(retryAfter)
}

// retryAfter is when to ask again where there is no process for a picture.
const retryAfter = 5 * time.Second
