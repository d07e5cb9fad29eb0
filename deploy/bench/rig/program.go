package rig

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const stopWithin = 15 * time.Second

// program is one process under measurement. It ends with us: its standard
// input is a pipe that only we hold open.
type program struct {
	cmd  *exec.Cmd
	in   io.Closer
	log  *os.File
	done chan struct{}
}

func launch(path, logFile string, args ...string) (*program, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, append(args, "-exit-with-stdin")...) //nolint:noctx // stop ends it, in peace if possible
	cmd.Stdout, cmd.Stderr = log, log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	p := &program{cmd: cmd, in: in, log: log, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// stop asks the process to drain and kills it when it takes too long.
func (p *program) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	_ = p.in.Close()
	_ = p.log.Close()
}

func (p *program) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *program) pid() int { return p.cmd.Process.Pid }
