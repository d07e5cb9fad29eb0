package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/deploy/bench/stat"
	"github.com/imgfleet/imgfleet/deploy/rig"
)

// work is one kind of job: prepare opens what it needs, run measures.
type work interface {
	prepare(ctx context.Context) error
	run(ctx context.Context) (Result, error)
	close()
}

// Serve is the load process: it reads a Job, prepares, says "ready", waits
// for a line, runs and answers with the Result. It ends when in does.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	var j Job
	if err := readJSON(lines, &j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	w, err := j.work()
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.prepare(ctx); err != nil {
		return writeJSON(out, Result{Failure: err.Error()})
	}
	ready := Result{CPU: rig.Used(syscall.RUSAGE_SELF)}
	if s, ok := w.(*sink); ok {
		ready.Addr = s.addr()
	}
	if err := writeJSON(out, ready); err != nil {
		return err
	}
	if _, err := lines.ReadBytes('\n'); err != nil {
		return nil // nobody wants the run
	}
	start := time.Now()
	r, err := w.run(ctx)
	if err != nil {
		r.Failure = err.Error()
	}
	r.Started, r.CPU = start, rig.Used(syscall.RUSAGE_SELF)
	return writeJSON(out, r)
}

func (j Job) work() (work, error) {
	switch {
	case j.Post != nil:
		return newPoster(*j.Post), nil
	case j.Streams != nil:
		return newWatcher(*j.Streams), nil
	case j.Upload != nil:
		return &uploader{job: *j.Upload}, nil
	case j.Sink != nil:
		return &sink{job: *j.Sink}, nil
	case j.Publish != nil:
		return &publisher{job: *j.Publish}, nil
	}
	return nil, errors.New("an empty job")
}

func readJSON(r *bufio.Reader, v any) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

func writeJSON(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// drive runs n lanes at once and sums up the times that they took.
func drive(n int, lane func(i int, start time.Time) ([]time.Duration, error)) (Result, error) {
	start := time.Now()
	times, errs := make([][]time.Duration, n), make([]error, n)
	var lanes sync.WaitGroup
	for i := range n {
		lanes.Go(func() { times[i], errs[i] = lane(i, start) })
	}
	lanes.Wait()
	took, all := time.Since(start), slices.Concat(times...)
	return Result{Seconds: took.Seconds(), Done: len(all), Times: stat.Of(all)}, errors.Join(errs...)
}

func dial(ctx context.Context, addr string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}
