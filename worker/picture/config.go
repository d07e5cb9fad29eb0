package picture

import (
	"runtime"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config bounds what is accepted and what it may cost.
type Config struct {
	MaxBytes  int64   // of an original
	MaxPixels int64   // of an original
	MinSide   int     // of an original, pixels
	MaxRatio  float64 // long side over short side
	LongSide  int     // of the normalised JPEG
	Quality   int     // of the normalised JPEG
	Decodes   int     // at once
	MaxMemory int64   // that all decodes at once may hold, by their headers
	MaxHere   int64   // that one may hold in this process, by its header; more is decoded elsewhere
}

// Defaults are the contract's.
func Defaults() Config {
	return Config{
		MaxBytes: 64 << 20, MaxPixels: 100_000_000, MinSide: 64, MaxRatio: 20, LongSide: 2048, Quality: 90,
		Decodes: runtime.GOMAXPROCS(0), MaxMemory: 768 << 20, MaxHere: 256 << 20,
	}
}

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var faults check.Faults
	for name, v := range map[string]int64{
		"maxBytes": c.MaxBytes, "maxPixels": c.MaxPixels, "minSide": int64(c.MinSide), "longSide": int64(c.LongSide),
		"decodes": int64(c.Decodes), "maxMemory": c.MaxMemory, "maxHere": c.MaxHere,
	} {
		faults.If(v <= 0, "picture.%s: must be positive, is %d", name, v)
	}
	faults.If(c.MaxRatio < 1, "picture.maxRatio: must be at least 1, is %v", c.MaxRatio)
	faults.If(c.Quality < 1 || c.Quality > 100, "picture.quality: must be 1 to 100, is %d", c.Quality)
	return faults.Err()
}
