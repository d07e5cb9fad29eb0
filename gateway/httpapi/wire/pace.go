package wire

import "time"

// pace holds the sender of a body to a rate. It is patience: waiting for the
// sender uses it up, and each byte gives some back, but never more than one
// window of it. So a sender at the rate or above may go on for ever, and one
// that stops or drips ends within a window, whatever it sent before. Only time
// in which we wait for the sender counts, not the time in which we are busy.
type pace struct{ left time.Duration }

// spent notes that n bytes came after a wait.
func (p *pace) spent(l Limits, waited time.Duration, n int) {
	p.left -= waited
	if l.BodyRate > 0 {
		p.left = min(l.BodyWindow, p.left+time.Duration(int64(n)*int64(time.Second)/l.BodyRate))
	}
}

// patience is how long the next byte may take.
func (p *pace) patience(l Limits) time.Duration {
	if l.BodyRate == 0 {
		return l.Body
	}
	return min(l.Body, p.left)
}
