package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Probe writes a file beside the objects, reads it back and removes it.
func (d *Disk) Probe(_ context.Context, more int64) error {
	if err := d.room.Check(); err != nil {
		return err
	}
	f, err := os.CreateTemp(d.temp, "probe")
	if err != nil {
		return fmt.Errorf("write: %w", classify(err))
	}
	defer func() { _ = os.Remove(f.Name()) }()
	want := append([]byte(f.Name()), make([]byte, more)...)
	_, err = f.Write(want)
	if err == nil && d.config.Sync {
		err = f.Sync() // some file systems say only then that they are full
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write: %w", classify(err))
	}
	got, err := os.ReadFile(f.Name())
	if err != nil {
		return fmt.Errorf("read back: %w", classify(err))
	}
	if !bytes.Equal(got, want) {
		return fault.Wrap(fault.StorageUnavailable, errors.New("read back: other bytes than were written"))
	}
	return nil
}
