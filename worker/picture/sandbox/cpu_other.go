//go:build !linux

package sandbox

import "time"

// cpu is not known here; the time that passes decides.
func (p *process) cpu() (used time.Duration, known bool) { return 0, false }
