package store

import (
	"errors"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// probeWithin is how long a store may take for a small object. One that is
	// slower twice in a row is as good as away, since its pictures would pile up;
	// once is a busy machine.
	probeWithin = 1500 * time.Millisecond
	// probeOver is when a probe that does not end means the same.
	probeOver = 3 * time.Second
	// probeMost bounds what a probe writes after a larger object was refused.
	probeMost = 1 << 20
	// acceptRetry is when those may ask again who were refused: the store is
	// probed more often than that.
	acceptRetry = 5 * time.Second
)

// health is what writes tell of a store. A probe each second decides. An object
// that the store had no room for is believed at once, and the next probe writes
// as many bytes: a store that is nearly full takes small ones.
type health struct {
	mu      sync.Mutex
	began   time.Time // of the probe that runs; zero when none does
	trouble error     // nil while the store takes objects
	slow    int       // probes in a row that took too long
	tried   bool      // a probe has ended
	refused int64     // bytes of the largest object that failed since the last good probe
}

// begin notes that a probe begins, and says how many bytes it is to write.
func (h *health) begin(now time.Time) (size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.began = now
	return min(h.refused, probeMost)
}

// end notes what a probe found, and returns that.
func (h *health) end(now time.Time, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	took := now.Sub(h.began)
	h.began = time.Time{}
	if err != nil && fault.KindOf(err) == fault.Canceled { // nobody waited for the answer
		return err
	}
	h.tried = true
	if took <= probeWithin {
		h.slow = 0
	} else if h.slow++; h.slow == 1 {
		return err
	} else if err == nil {
		err = silent()
	}
	if h.trouble = err; err == nil {
		h.refused = 0
	}
	return err
}

// wrote notes how the write of an object ended.
func (h *health) wrote(n int64, err error) {
	code := fault.CodeOf(err)
	if err == nil || code != fault.StorageFull && code != fault.StorageUnavailable {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused = max(h.refused, n)
	if code == fault.StorageFull { // any other failure may be that of one write
		h.trouble = err
	}
}

// accepts is the trouble there is, also with a probe that does not end.
func (h *health) accepts(now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.began.IsZero() && now.Sub(h.began) > probeOver {
		return silent()
	}
	return h.trouble
}

// probed reports whether anything is known.
func (h *health) probed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tried
}

var errUnknown = errors.New("the store was not tried yet")

// Takes is Accepts for who pays for what is to be stored: a store that was not
// tried yet takes nothing.
func (s *Store) Takes() error {
	if !s.health.probed() {
		return fault.Wrap(fault.StorageUnavailable, errUnknown).After(acceptRetry)
	}
	return s.Accepts()
}

// Accepts says whether the store takes objects, as far as writes tell: nil,
// fault.StorageFull or fault.StorageUnavailable. While it does not, nothing
// should be begun whose result is to be stored. It asks nobody: somebody has to
// call Probe every second.
func (s *Store) Accepts() error {
	err := s.health.accepts(s.now())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fault.New(fault.StorageFull)):
		return fault.Wrap(fault.StorageFull, err).After(acceptRetry)
	default:
		return fault.Wrap(fault.StorageUnavailable, err).After(acceptRetry)
	}
}
