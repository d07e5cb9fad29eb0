package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	minRestart   = 200 * time.Millisecond
	maxRestart   = 5 * time.Second
	steady       = 10 * time.Second // a child that lived so long starts afresh
	maxStumbles  = 5                // exits in a row before anything was ready
	configRefuse = 2                // exit code of a configuration that cannot be, and of a crash
)

// child is one process that is kept running.
type child struct {
	name string
	path string
	args []string
	env  []string
	out  io.Writer
	log  *log

	hired bool        // run was called
	ready func() bool // everything was up once: stumbling is no reason to give up then

	mu       sync.Mutex
	process  *os.Process // nil while none runs
	stopping bool
	done     chan struct{} // closed when run has returned
}

// run keeps the process alive until stop is called. It returns an error when
// there is no point in trying further.
func (c *child) run(ctx context.Context) error {
	defer close(c.done)
	wait := minRestart
	for stumbles := 1; ; stumbles++ {
		began := time.Now()
		err := c.once()
		if c.isStopping() {
			return nil
		}
		if time.Since(began) > steady {
			stumbles, wait = 1, minRestart
		}
		var exit *exec.ExitError
		switch {
		case !errors.As(err, &exit) && err != nil:
			return fmt.Errorf("start %s: %w", c.name, err)
		case exit != nil && exit.ExitCode() == configRefuse && !c.ready():
			return fmt.Errorf("%s %w", c.name, ErrRefused)
		case stumbles >= maxStumbles && !c.ready():
			return fmt.Errorf("%s does not stay up (%s)", c.name, ended(err))
		}
		c.log.say("imgctl: %s ended (%s), starting it again in %v", c.name, ended(err), wait)
		if !tick.Wait(ctx, wait) {
			return nil
		}
		wait = min(2*wait, maxRestart)
	}
}

func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// once runs the process a single time. Its standard input is a pipe that only
// we hold: however we die, the child sees the end of it and ends too.
func (c *child) once() error {
	cmd := exec.Command(c.path, c.args...) //nolint:noctx // it outlives ctx: stop drains it
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, c.out, c.out
	cmd.WaitDelay = time.Second // a grandchild that keeps the pipe open does not keep us
	tie, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer func() { _ = tie.Close() }()
	if started, err := c.start(cmd); !started {
		return err
	}
	err = cmd.Wait()
	c.mu.Lock()
	c.process = nil
	c.mu.Unlock()
	return err
}

// start starts the process unless it is to stop already.
func (c *child) start(cmd *exec.Cmd) (started bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return false, nil
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	c.process = cmd.Process
	return true, nil
}

func (c *child) isStopping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopping
}

// signal asks the process to drain and end (SIGTERM), or ends it (SIGKILL),
// and keeps it from being started again.
func (c *child) signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	if c.process != nil {
		_ = c.process.Signal(s)
	}
}
