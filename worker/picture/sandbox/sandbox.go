package sandbox

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
)

// errLost says that the process ended or was ended while it decoded.
var errLost = errors.New("decoder ended")

// Sandbox keeps one decoding process and gives it one picture at a time.
type Sandbox struct {
	cfg    Config
	logger *slog.Logger
	turn   chan *process // holds the idle process, or nil when there is none
}

// process is a running decoder.
type process struct {
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *os.File
	ended   chan struct{}
}

// New makes a Sandbox; cfg must be valid. Nothing runs yet.
func New(cfg Config, logger *slog.Logger) *Sandbox {
	s := &Sandbox{cfg: cfg, logger: logger, turn: make(chan *process, 1)}
	s.turn <- nil
	return s
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

// Run starts the process before it is needed, and ends it when ctx ends.
func (s *Sandbox) Run(ctx context.Context) {
	p := <-s.turn
	if p == nil {
		p = s.start()
	}
	s.turn <- p
	<-ctx.Done()
	(<-s.turn).end()
	s.turn <- nil
}

// Decode returns the pixels of a picture as 4:2:0, its long side at most
// longSide, and the size that it had. It waits for its turn.
func (s *Sandbox) Decode(ctx context.Context, raw []byte, longSide int) (*image.YCbCr, image.Point, error) {
	var p *process
	select {
	case p = <-s.turn:
	case <-ctx.Done():
		return nil, image.Point{}, ctx.Err()
	}
	if p.gone() {
		p.end()
		p = s.start()
	}
	if p == nil {
		s.turn <- nil
		return nil, image.Point{}, errors.New("decoder does not start")
	}
	limited, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	img, full, err := p.decode(limited, raw, longSide)
	if err != nil && !errors.Is(err, ErrRefused) {
		p.end()
		p = nil
		s.logger.Warn("decoder ended", "err", err)
	}
	s.turn <- p
	if ctx.Err() != nil {
		return nil, image.Point{}, ctx.Err()
	}
	return img, full, err
}

// start returns nil when the process cannot be started.
func (s *Sandbox) start() *process {
	cmd := exec.Command(s.cfg.Program, Argument, string(s.cfg.HEIF), strconv.FormatInt(s.cfg.Memory, 10)) //nolint:noctx // it outlives requests; end ends it
	cmd.Env = []string{"GOTRACEBACK=none"}                                                                // no secrets
	ask, err := cmd.StdinPipe()
	if err != nil {
		return nil
	}
	answers, theirs, err := os.Pipe()
	if err != nil {
		return nil
	}
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		s.logger.Error("decoder does not start", "err", err)
		_ = answers.Close()
		return nil
	}
	p := &process{cmd: cmd, ask: ask, answers: answers, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.ended)
	}()
	return p
}

func (p *process) decode(ctx context.Context, raw []byte, longSide int) (*image.YCbCr, image.Point, error) {
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	var (
		img  *image.YCbCr
		full image.Point
	)
	err := writeRequest(p.ask, raw, longSide)
	if err == nil {
		img, full, err = readAnswer(p.answers, longSide)
	}
	if err == nil || errors.Is(err, ErrRefused) {
		if !stop() { // it is being killed, though it just made it
			<-p.ended
		}
		return img, full, err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return nil, image.Point{}, fmt.Errorf("%w: %w", errLost, err)
}

// gone reports whether there is no such process.
func (p *process) gone() bool {
	if p == nil {
		return true
	}
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// end kills the process and waits for it; nil has ended.
func (p *process) end() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.ask.Close()
	_ = p.answers.Close()
}
