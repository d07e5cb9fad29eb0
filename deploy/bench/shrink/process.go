package shrink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
)

// Process is a running one.
type Process struct {
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *json.Decoder
}

// Start runs program on one core.
func Start(ctx context.Context, program, heif, core string, stderr io.Writer) (*Process, error) {
	cmd := exec.CommandContext(ctx, "taskset", "-c", core, program, Flag, heif)
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = stderr
	ask, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &Process{cmd: cmd, ask: ask, answers: json.NewDecoder(answers)}, cmd.Start()
}

// Shrink has one photo shrunken.
func (p *Process) Shrink(path string) (a Answer, err error) {
	if err := json.NewEncoder(p.ask).Encode(path); err != nil {
		return a, err
	}
	if err := p.answers.Decode(&a); err != nil {
		return a, err
	}
	if a.Err != "" {
		return a, fmt.Errorf("%s: %w", path, errors.New(a.Err))
	}
	return a, nil
}

// Close ends it.
func (p *Process) Close() error { return errors.Join(p.ask.Close(), p.cmd.Wait()) }
