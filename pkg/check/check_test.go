package check

import (
	"errors"
	"io"
	"testing"
)

func TestAllFaultsAreSaidInTheirOrder(t *testing.T) {
	t.Parallel()
	var f Faults
	f.Add(nil)
	f.If(false, "never")
	if err := f.Err(); err != nil {
		t.Errorf("faults where there are none: %v", err)
	}
	f.If(2 > 1, "size: must be 1, is %d", 2)
	f.Say("file: %w", io.EOF)
	if err := f.Err(); err == nil || err.Error() != "size: must be 1, is 2\nfile: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("faults: %v", err)
	}
}
