package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Process is one program that lives, dies and lives again. Its standard
// output and error go to a file. It holds the program's standard input open,
// so that programs tied to it end when this process does, however it ends.
type Process struct {
	name    string
	path    string
	args    []string
	env     []string
	logPath string

	mu      sync.Mutex
	now     *life // nil when it does not run
	crashes int
}

// life is the process from one start to its end.
type life struct {
	cmd      *exec.Cmd
	stdin    io.Closer
	done     chan struct{}
	expected bool
	err      error
}

// New describes a process; Start starts it.
func New(name, path, logPath string, env []string, args ...string) *Process {
	return &Process{name: name, path: path, args: args, env: env, logPath: logPath}
}

// Name is how reports call it.
func (p *Process) Name() string { return p.name }

// LogPath is where it writes.
func (p *Process) LogPath() string { return p.logPath }

// Start starts it unless it runs.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil {
		return nil
	}
	log, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.path, p.args...) //nolint:noctx // it outlives every context on purpose: Kill and Stop end it
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, p.env
	if filepath.IsAbs(p.path) && filepath.IsAbs(p.logPath) {
		cmd.Dir = filepath.Dir(p.logPath) // what it makes where it stands goes with its log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's Ctrl-C is ours to handle
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	l := &life{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	p.now = l
	go p.reap(l)
	return nil
}

// reap waits for the end and notices one that nobody asked for.
func (p *Process) reap(l *life) {
	err := l.cmd.Wait()
	p.mu.Lock()
	l.err = err
	if !l.expected {
		p.crashes++
	}
	if p.now == l {
		p.now = nil
	}
	p.mu.Unlock()
	_ = l.stdin.Close()
	close(l.done)
}

// Running reports whether it runs.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now != nil
}

// PID is its process, 0 when it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return 0
	}
	return p.now.cmd.Process.Pid
}

// Crashes counts the ends that nobody asked for.
func (p *Process) Crashes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crashes
}

// Signal sends a signal that may end it, and returns a channel that is closed
// when it has ended; nil when it did not run.
func (p *Process) Signal(s syscall.Signal) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return nil
	}
	p.now.expected = true
	_ = p.now.cmd.Process.Signal(s)
	return p.now.done
}

// Kill ends it without a warning and waits until it is gone.
func (p *Process) Kill() {
	if done := p.Signal(syscall.SIGKILL); done != nil {
		<-done
	}
}

var errUnclean = errors.New("did not end in time and was killed")

// Stop asks it to end, kills it after the grace, and returns how it ended.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	p.mu.Lock()
	l := p.now
	p.mu.Unlock()
	if p.Signal(syscall.SIGTERM) == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s: %w", p.name, errUnclean)
	}
}
