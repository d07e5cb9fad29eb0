package experiment

import (
	"math"
	"math/rand/v2"
	"time"
)

// What an arm is worth is one number from 0 to 1:
//
//	success × (0.40 + 0.20 speed + 0.10 thrift + 0.30 quality)
//	quality = 0.60 liked + 0.20 not regenerated + 0.20 not deleted
//
// A failure is worth nothing. A picture is worth something by itself, and more
// when it comes soon, costs little and is liked. Speed is 1 for a latency of
// zero, a half at its goal and falls towards 0; thrift is the same for money.
const (
	pictureShare = 0.40
	speedShare   = 0.20
	thriftShare  = 0.10
	qualityShare = 0.30

	likedShare = 0.60
	keptShare  = 0.20 // twice: not regenerated, not deleted

	goalLatency = 10 * time.Second
	goalFen     = 20
)

func speed(took time.Duration) Scores { return score(half(float64(took), float64(goalLatency))) }

func thrift(fen int64) Scores { return score(half(float64(fen), goalFen)) }

func half(x, goal float64) float64 { return goal / (goal + max(x, 0)) }

// worth computes what an arm is worth from its parts.
func worth(success, speed, thrift, liked, regenerated, deleted float64) float64 {
	quality := likedShare*liked + keptShare*(1-regenerated) + keptShare*(1-deleted)
	return success * (pictureShare + speedShare*speed + thriftShare*thrift + qualityShare*quality)
}

// imagined is how many ratings are added to those of an arm. They are like the
// ratings of all arms together, so the first real ratings of an arm change
// little. While nothing is rated at all, the ratings of all arms are equal.
const imagined = 20

// pool is the ratings of all arms together.
type pool struct{ rated, liked float64 }

func pooled(arms []Counts) (p pool) {
	for _, c := range arms {
		p.rated += float64(c.Rated)
		p.liked += float64(c.Liked)
	}
	return p
}

func (p pool) share() float64 { return (p.liked + 1) / (p.rated + 2) }

// draw is one random value of what an arm is worth. Each value is as likely as
// the counts make it: rates are drawn from Beta distributions, means from
// normal ones.
func (c Counts) draw(p pool, r *rand.Rand) float64 {
	liked := p.share()
	if p.rated > 0 {
		liked = beta(imagined*p.share()+float64(c.Liked), imagined*(1-p.share())+float64(c.Rated-c.Liked), r)
	}
	return worth(rate(c.OK, c.Tasks, r), c.Speed.mean(r), c.Thrift.mean(r), liked, rate(c.Regenerated, c.OK, r), rate(c.Deleted, c.OK, r))
}

func rate(hits, of int64, r *rand.Rand) float64 {
	hits = min(hits, of) // feedback may be counted before its picture
	return beta(1+float64(hits), 1+float64(of-hits), r)
}

// mean draws a mean as if there were two more scores, the worst and the best.
func (s Scores) mean(r *rand.Rand) float64 {
	n, sum, squares := float64(s.N)+2, s.Sum+1, s.Squares+1
	m := sum / n
	return min(1, max(0, m+r.NormFloat64()*math.Sqrt((squares/n-m*m)/n)))
}

func beta(a, b float64, r *rand.Rand) float64 {
	x, y := gamma(a, r), gamma(b, r)
	return x / (x + y)
}

// gamma draws from a Gamma distribution by Marsaglia and Tsang's method. That
// needs a shape of at least 1. For a smaller shape the value for shape+1 is
// scaled.
func gamma(shape float64, r *rand.Rand) float64 {
	if shape < 1 {
		return gamma(shape+1, r) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
