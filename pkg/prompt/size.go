package prompt

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Sizes are the pictures that a model makes and how it spells them. The zero
// value takes no size: the model decides.
type Sizes struct {
	Join                string // between width and height
	Least, Most         int    // pixels of the whole picture; 0 is no bound
	SideLeast, SideMost int    // pixels of a side; 0 is no bound
	Ratio               float64
	Step                int      // sides are multiples of it
	Usual               int      // pixels of the whole picture where no resolution was chosen
	Tiers               []string // how it spells a resolution when the ratio is not known
	Fixed               [][2]int // when it takes only these
	Origin              string   // when it has a word for "as the photo"
	Keeps               bool     // the photo's ratio, when no size is sent
}

// of chooses the size for a job. When the size of the photo is not known, the
// model keeps the ratio if it can; otherwise the picture is a square.
func (s Sizes) of(in Input) (spelled string, width, height int) {
	if s.Join == "" {
		return "", 0, 0
	}
	area := s.area(cmp.Or(in.Options.Resolution, in.Style.Defaults.Resolution))
	ratio, chosen := Ratio(cmp.Or(in.Options.Aspect, in.Style.Defaults.Aspect))
	switch {
	case !chosen && s.Origin != "":
		return s.Origin, 0, 0
	case !chosen && in.PhotoWidth > 0 && in.PhotoHeight > 0:
		ratio = float64(in.PhotoWidth) / float64(in.PhotoHeight)
	case !chosen && (s.Keeps || len(s.Tiers) > 0):
		return s.tier(area), 0, 0
	case !chosen:
		ratio = 1
	}
	if len(s.Fixed) > 0 {
		width, height = s.nearest(ratio)
	} else {
		width, height = s.fit(ratio, area)
	}
	return strconv.Itoa(width) + s.Join + strconv.Itoa(height), width, height
}

// Example spells a square of a thousand pixels, or the first size there is.
func (s Sizes) Example() string {
	spelled, _, _ := s.of(Input{Options: task.Options{Aspect: "1:1", Resolution: "1k"}})
	return spelled
}

// area is a resolution in pixels: "2k" is as much as a square of 2048.
func (s Sizes) area(resolution string) int {
	k, err := strconv.Atoi(strings.TrimSuffix(strings.ToLower(resolution), "k"))
	if err != nil || k < 1 || k > 8 {
		return s.Usual
	}
	return k * k * area1K
}

// tier is the largest tier that is not above an area, or the smallest.
func (s Sizes) tier(area int) string {
	best := ""
	for _, t := range s.Tiers {
		if best == "" || s.area(t) <= area {
			best = t
		}
	}
	return best
}

// nearest is the fixed size whose ratio is nearest.
func (s Sizes) nearest(ratio float64) (width, height int) {
	best := math.Inf(1)
	for _, f := range s.Fixed {
		if far := math.Abs(math.Log(ratio * float64(f[1]) / float64(f[0]))); far < best {
			best, width, height = far, f[0], f[1]
		}
	}
	return width, height
}

// fit is the size of about an area with about a ratio that keeps every bound.
func (s Sizes) fit(ratio float64, area int) (width, height int) {
	widest := 0.97 * s.Ratio // rounding to steps must not cross the bound
	ratio = max(1/widest, min(ratio, widest))
	pixels := float64(area)
	if s.Most > 0 {
		pixels = min(pixels, float64(s.Most))
	}
	pixels = max(pixels, float64(s.Least))
	long, short := math.Sqrt(pixels*max(ratio, 1/ratio)), math.Sqrt(pixels/max(ratio, 1/ratio))
	if most := float64(s.SideMost); most > 0 && long > most {
		long, short = most, short*most/long
	}
	if least := float64(s.SideLeast); short < least {
		long, short = long*least/short, least
		if s.Most > 0 && long*short > float64(s.Most) {
			long = float64(s.Most) / short
		}
		if s.SideMost > 0 {
			long = min(long, float64(s.SideMost))
		}
	}
	a, b := s.snap(long), s.snap(short)
	for s.Most > 0 && a*b > s.Most {
		a -= s.Step
	}
	for a*b < s.Least {
		b += s.Step
	}
	if ratio >= 1 {
		return a, b
	}
	return b, a
}

func (s Sizes) snap(side float64) int {
	return max(s.Step, int(math.Round(side/float64(s.Step)))*s.Step)
}

// Ratio reads an aspect such as "3:4"; "original" and "" have none.
func Ratio(aspect string) (float64, bool) {
	a, b, ok := strings.Cut(aspect, ":")
	if !ok {
		return 0, false
	}
	w, errW := strconv.ParseFloat(a, 64)
	h, errH := strconv.ParseFloat(b, 64)
	r := w / h
	if errW != nil || errH != nil || w <= 0 || h <= 0 || math.IsInf(r, 0) || math.IsNaN(r) || r == 0 {
		return 0, false
	}
	return r, true
}
