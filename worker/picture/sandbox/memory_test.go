//go:build unix

package sandbox

import (
	"errors"
	"syscall"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// program is what a process holds beside what it allocates.
const program = 64_000_000

// A photo of 48 megapixels, as a header that lies would let in, is given less
// than it takes.
func TestWhatADecoderMayAllocateIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the race detector takes more memory than the process may have")
	}
	if most := Defaults().Memory + program; most > 1_000_000_000 {
		t.Errorf("a process may hold %d MB", most/1_000_000)
	}
	for h, memory := range map[HEIF]int64{WASM: 512 << 20, Native: 192 << 20} {
		t.Run(string(h), func(t *testing.T) {
			t.Parallel()
			s := boxOf(t, h)
			s.cfg.Memory = memory
			p := s.start()
			s.put(p)
			_, _, err := s.Decode(t.Context(), file(t, "gradient-48mp.heic"), 2048)
			if libheifTells := h == Native && errors.Is(err, ErrRefused); fault.CodeOf(err) != fault.PhotoTooDemanding && !libheifTells {
				t.Errorf("%v, want photo_too_demanding", err)
			}
			p.end()
			if held := p.cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10; held > 512<<20+program {
				t.Errorf("it held %d MB", held/1_000_000)
			}
			if _, _, err := s.Decode(t.Context(), file(t, "quadrants.heic"), 2048); err != nil {
				t.Errorf("the next one: %v", err)
			}
		})
	}
}
