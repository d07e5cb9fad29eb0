package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// prober is a Driver that finds out in a way of its own whether it takes
// objects and gives them back.
type prober interface {
	// Probe writes so many bytes more than it has to.
	Probe(ctx context.Context, more int64) error
}

// Probe writes a small object and reads it back. Its error says what stands in
// the way: a full disk, a bucket that is not there, keys that are not taken.
// Accepts goes by what the last one found. It is not called again before it has
// ended.
func (s *Store) Probe(ctx context.Context) error {
	more := s.health.begin(s.now())
	var err error
	if d, ok := s.driver.(prober); ok {
		err = d.Probe(ctx, more)
	} else {
		err = s.probe(ctx, more)
	}
	return s.health.end(s.now(), err)
}

// probe overwrites one object of this process again and again. Nobody's session
// has it, and the sweep takes it when the process is gone.
func (s *Store) probe(ctx context.Context, more int64) error {
	want := append([]byte(task.NewID()), make([]byte, more)...)
	if _, err := s.driver.Put(ctx, s.probeKey, bytes.NewReader(want)); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	r, _, err := s.driver.Open(ctx, s.probeKey)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	defer func() { _ = r.Close() }()
	got, err := io.ReadAll(io.LimitReader(r, int64(len(want))+1))
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return sameBytes(got, want)
}

func sameBytes(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return fault.Wrap(fault.StorageUnavailable, errors.New("read back: other bytes than were written"))
	}
	return nil
}

// probeKey is a key under no session of anybody.
func probeKey() string { return probesPrefix() + task.NewID() }

// probesPrefix begins the keys of all gateways' probes.
func probesPrefix() string { return task.DeriveID("probe") + "/probe/" }
