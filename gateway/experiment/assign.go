package experiment

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Share is how much of the traffic an arm is to get, relative to the others.
type Share struct {
	Arm    string
	Weight float64 // 0: no session is given the arm
}

// Assign gives a session its arm, and "" when no arm has a weight. It is
// weighted rendezvous hashing, so every gateway gives the same answer by
// itself. When weights change, a session moves only to an arm whose weight
// grew in relation to that of its old arm. All other sessions stay.
func Assign(experiment string, session task.SessionID, shares []Share) string {
	best, arm := math.Inf(-1), ""
	for _, s := range shares {
		if s.Weight <= 0 {
			continue
		}
		score := s.Weight / -math.Log(point(experiment, s.Arm, session))
		if score > best {
			best, arm = score, s.Arm
		}
	}
	return arm
}

// point is where a session falls in (0, 1) for one arm. The length before each
// part keeps "ab" and "c" apart from "a" and "bc".
func point(experiment, arm string, session task.SessionID) float64 {
	var b []byte
	for _, part := range []string{experiment, arm, string(session)} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	const bits = 53 // what a float64 holds exactly
	return (float64(binary.BigEndian.Uint64(sum[:])>>(64-bits)) + 0.5) / (1 << bits)
}
