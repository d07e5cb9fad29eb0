package experiment

import (
	"math"
	"time"
)

// Latencies are counted in buckets, from a tenth of a second to an hour and a
// half. Eight buckets double the latency. A quantile is reported as the middle
// of its bucket and is off by less than a twentieth.
const (
	buckets     = 128
	firstBucket = 100 * time.Millisecond
	perOctave   = 8
)

// Counts are what an arm has done. They are sums, so the counts of gateways add
// up in any order, and they say nothing of any person.
type Counts struct {
	Tasks   int64         `json:"tasks"`
	OK      int64         `json:"ok"`
	CostFen int64         `json:"costFen"`
	Latency map[int]int64 `json:"latency,omitempty"` // of the pictures, by bucket
	Speed   Scores        `json:"speed,omitzero"`    // of the pictures, see utility.go
	Thrift  Scores        `json:"thrift,omitzero"`   // of the tasks

	Rated       int64 `json:"rated,omitempty"` // pictures, as those that follow
	Liked       int64 `json:"liked,omitempty"` // of those rated
	Regenerated int64 `json:"regenerated,omitempty"`
	Deleted     int64 `json:"deleted,omitempty"`

	Degraded int64 `json:"degraded,omitempty"` // left out
	Canceled int64 `json:"canceled,omitempty"` // left out, also those deleted before their end
	Missed   int64 `json:"missed,omitempty"`   // left out: the arm's provider was not asked
}

// Scores are numbers between 0 and 1, as sums.
type Scores struct {
	N       int64   `json:"n"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
}

func (s *Scores) add(o Scores) { s.N, s.Sum, s.Squares = s.N+o.N, s.Sum+o.Sum, s.Squares+o.Squares }

func score(x float64) Scores { return Scores{N: 1, Sum: x, Squares: x * x} }

// Add adds other counts of the same arm.
func (c *Counts) Add(o Counts) {
	c.Tasks += o.Tasks
	c.OK += o.OK
	c.CostFen += o.CostFen
	c.Speed.add(o.Speed)
	c.Thrift.add(o.Thrift)
	c.Rated += o.Rated
	c.Liked += o.Liked
	c.Regenerated += o.Regenerated
	c.Deleted += o.Deleted
	c.Degraded += o.Degraded
	c.Canceled += o.Canceled
	c.Missed += o.Missed
	for b, n := range o.Latency {
		if c.Latency == nil {
			c.Latency = make(map[int]int64, len(o.Latency))
		}
		c.Latency[b] += n
	}
}

// Failure is a task that gave no picture of its arm.
func Failure(costFen int64) Counts {
	return Counts{Tasks: 1, CostFen: costFen, Thrift: thrift(costFen)}
}

// Picture is a task that gave a picture of its arm.
func Picture(took time.Duration, costFen int64) Counts {
	c := Failure(costFen)
	c.OK, c.Speed, c.Latency = 1, speed(took), map[int]int64{bucket(took): 1}
	return c
}

func bucket(took time.Duration) int {
	if took <= firstBucket {
		return 0
	}
	return min(buckets-1, int(math.Ceil(perOctave*math.Log2(float64(took)/float64(firstBucket)))))
}

// at is the latency that lies a number of buckets above the first one.
func at(bucket float64) time.Duration {
	return time.Duration(float64(firstBucket) * math.Pow(2, bucket/perOctave))
}
