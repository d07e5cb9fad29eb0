package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Flag is the argument with which our own executable becomes a load process.
const Flag = "-load"

// Process is a load process that is ready to go.
type Process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	prepared float64 // processor time of the preparation, in seconds
	addr     string  // of a sink
}

// Start runs exe as a load process and returns when it has prepared the job.
func Start(ctx context.Context, exe string, j Job, stderr io.Writer) (*Process, error) {
	cmd := exec.CommandContext(ctx, exe, Flag)
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start load: %w", err)
	}
	p := &Process{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	if err := writeJSON(in, j); err != nil {
		p.Close()
		return nil, fmt.Errorf("tell job: %w", err)
	}
	ready, err := p.answer()
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("prepare load: %w", err)
	}
	p.prepared, p.addr = ready.CPU, ready.Addr
	return p, nil
}

// Prepared is the processor time, in seconds, that the preparation took. A
// Result counts it too.
func (p *Process) Prepared() float64 { return p.prepared }

// Addr is where a sink listens.
func (p *Process) Addr() string { return p.addr }

// PID is the process's own.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Go lets the load run and returns what it saw.
func (p *Process) Go() (Result, error) {
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	r, err := p.answer()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	return r, nil
}

func (p *Process) answer() (r Result, err error) {
	if err := readJSON(p.out, &r); err != nil {
		return r, err
	}
	if r.Failure != "" {
		return r, errors.New(r.Failure)
	}
	return r, nil
}

// Close ends the process and all its connections.
func (p *Process) Close() {
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// Run is Start, Go and Close in one.
func Run(ctx context.Context, exe string, j Job, stderr io.Writer) (Result, error) {
	p, err := Start(ctx, exe, j, stderr)
	if err != nil {
		return Result{}, err
	}
	defer p.Close()
	return p.Go()
}
