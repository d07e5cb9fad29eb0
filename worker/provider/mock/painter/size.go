package painter

import (
	"math"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	longSideDefault = 1280
	longSide1K      = 1024
	longSide2K      = 2048
	minSide         = 128
	maxRatio        = 3 // no vendor accepts more
	step            = 8 // models want multiples
)

// canvas gives the picture's size for a photo of width × height. Nothing is
// asked larger than the resolution says, and ratios beyond 3:1 are cut.
func canvas(width, height int, o task.Options) (int, int) {
	ratio := float64(max(width, 1)) / float64(max(height, 1))
	if r, ok := prompt.Ratio(o.Aspect); ok {
		ratio = r
	}
	ratio = max(1.0/maxRatio, min(ratio, maxRatio))
	long := float64(longSide(o.Resolution))
	if ratio >= 1 {
		return snap(long), snap(long / ratio)
	}
	return snap(long * ratio), snap(long)
}

func longSide(resolution string) int {
	switch strings.ToLower(resolution) {
	case "1k":
		return longSide1K
	case "2k":
		return longSide2K
	}
	if px, err := strconv.Atoi(resolution); err == nil && px >= minSide && px <= longSide2K {
		return px
	}
	return longSideDefault
}

func snap(v float64) int { return max(step, int(math.Round(v/step))*step) }
