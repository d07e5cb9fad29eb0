package terminal

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Bar shows one long task on Err: a line that is drawn over on a terminal, a
// line for every change elsewhere.
type Bar struct {
	streams *Streams
	last    string
}

// NewBar draws nothing yet.
func (s *Streams) NewBar() *Bar { return &Bar{streams: s} }

// Draw shows the progress in percent and some words about it.
func (b *Bar) Draw(percent int, words string) {
	line := fmt.Sprintf("%3d%%  %s", percent, words)
	if b.streams.ErrTTY {
		line = meter(percent) + " " + line
		if w := b.streams.Width(); w > 1 {
			line = text.Snip(line, w-1, "…")
		}
	}
	if line == b.last {
		return
	}
	b.last = line
	if b.streams.ErrTTY {
		_, _ = fmt.Fprintf(b.streams.Err, "\r\x1b[K%s", line)
		return
	}
	_, _ = fmt.Fprintln(b.streams.Err, line)
}

// Done leaves the last drawing where it is.
func (b *Bar) Done() {
	if b.streams.ErrTTY && b.last != "" {
		_, _ = fmt.Fprintln(b.streams.Err)
	}
}

func meter(percent int) string {
	const cells = 24
	full := min(cells, max(0, percent)*cells/100)
	return strings.Repeat("█", full) + strings.Repeat("░", cells-full)
}
