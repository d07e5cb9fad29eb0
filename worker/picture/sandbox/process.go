package sandbox

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// errLost says that the process ended or was ended while it decoded.
var errLost = errors.New("decoder ended")

// process is a running decoder.
type process struct {
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *os.File
	ended   chan struct{}
	used    time.Time // last
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

// killed reports whether the process, which has ended, was stopped by the
// system.
func (p *process) killed() bool { return p.cmd.ProcessState.String() == "signal: killed" }
