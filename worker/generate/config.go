package generate

import (
	"runtime"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config bounds what one worker does at once and how long it remembers.
type Config struct {
	Capacity    int           // attempts at once
	Inspects    int           // uploads judged at once; each is held in memory whole
	InspectLine int           // uploads that wait for it; more are refused
	Timeout     time.Duration // of an attempt that names none
	Heartbeat   time.Duration // silence on a stream is never longer
	Keep        time.Duration // outcomes stay known for so long
	KeepAtMost  int           // and never more of them than this
	StoreWithin time.Duration // a finished picture is stored within this, cancel or not
	Quality     int           // of the JPEG, 1…100
	ThumbSide   int           // long side of the thumbnail, pixels
	NoLoopback  bool          // photos and pictures are never on this machine
}

// Defaults suit a worker of two cores.
func Defaults() Config {
	return Config{
		Capacity: 8, Inspects: 2 * runtime.GOMAXPROCS(0), InspectLine: 32 * runtime.GOMAXPROCS(0), Timeout: 3 * time.Minute, Heartbeat: time.Second, Keep: 10 * time.Minute, KeepAtMost: 20_000,
		StoreWithin: 45 * time.Second, Quality: 90, ThumbSide: 320,
	}
}

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var faults check.Faults
	for name, v := range map[string]int64{
		"worker.capacity": int64(c.Capacity), "inspects": int64(c.Inspects), "inspectLine": int64(c.InspectLine), "timeout": int64(c.Timeout), "heartbeat": int64(c.Heartbeat),
		"keep": int64(c.Keep), "keepAtMost": int64(c.KeepAtMost), "storeWithin": int64(c.StoreWithin),
		"thumbSide": int64(c.ThumbSide),
	} {
		faults.If(v <= 0, "%s: must be positive, is %d", name, v)
	}
	faults.If(c.Quality < 1 || c.Quality > 100, "quality: must be 1 to 100, is %d", c.Quality)
	return faults.Err()
}
