package picture

import (
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// demandingFor is how long a photo that was too much for a decoder is refused
	// without another try.
	demandingFor = 10 * time.Minute

	// demandingMost is how many such photos are remembered; the oldest go first.
	demandingMost = 4096

	// decodersLost is after how many decoders that the machine ended, or starved,
	// the photo is held to be the cause.
	decodersLost = 2
)

// demanding remembers the photos that were too much for a decoder, by the SHA-256
// of their bytes.
type demanding struct {
	now func() time.Time

	mu    sync.Mutex
	lost  map[string]spoilt
	order []string // the oldest first
}

// spoilt is what one photo has cost.
type spoilt struct {
	decoders int
	until    time.Time
}

func newDemanding(now func() time.Time) *demanding {
	return &demanding{now: now, lost: make(map[string]spoilt)}
}

// known reports whether a photo is refused without a decoder.
func (d *demanding) known(digest string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.lost[digest]
	return s.decoders >= decodersLost && d.now().Before(s.until)
}

// note remembers how decoding a photo ended, and gives the verdict: a photo that
// has cost several decoders is too demanding, whatever the last one ended of.
func (d *demanding) note(digest string, err error) error {
	var cost int
	switch fault.CodeOf(err) {
	case fault.PhotoTooDemanding:
		cost = decodersLost
	case fault.DecoderLost:
		cost = 1
	default:
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, before := d.lost[digest]
	if !before {
		d.order = append(d.order, digest)
	}
	if d.now().After(s.until) {
		s.decoders = 0
	}
	s.decoders, s.until = s.decoders+cost, d.now().Add(demandingFor)
	d.lost[digest] = s
	if len(d.order) > demandingMost {
		delete(d.lost, d.order[0])
		d.order = d.order[1:]
	}
	if s.decoders >= decodersLost {
		return fault.Wrap(fault.PhotoTooDemanding, err)
	}
	return err
}
