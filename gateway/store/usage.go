package store

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"
)

// Kind is what an object is to the person it belongs to.
type Kind string

// The kinds of objects, in the order of a picture's path.
const (
	Original  Kind = "original"  // as it was sent, not judged yet
	Photo     Kind = "photo"     // normalised
	Result    Kind = "result"    // a picture that was made
	Thumbnail Kind = "thumbnail" // of a result
	Manifest  Kind = "manifest"  // of an attempt
	Other     Kind = "other"
)

// Kinds are all of them, in order.
func Kinds() []Kind { return []Kind{Original, Photo, Result, Thumbnail, Manifest, Other} }

// KindOf tells a kind by the key.
func KindOf(key string) Kind {
	_, rest, _ := strings.Cut(key, "/")
	made := strings.HasPrefix(rest, resultsPrefix)
	switch {
	case Raw(key):
		return Original
	case made && path.Ext(key) == ".json":
		return Manifest
	case made && strings.Contains(path.Base(key), ".thumb."):
		return Thumbnail
	case made:
		return Result
	case strings.HasPrefix(rest, "uploads/"):
		return Photo
	default:
		return Other
	}
}

// Held is how much there is of one kind.
type Held struct {
	Objects int
	Bytes   int64
	Oldest  time.Time
	ByAge   [4]int64 // bytes younger than an hour, than six, than a day, and older
}

// ages are where ByAge divides.
var ages = [...]time.Duration{time.Hour, 6 * time.Hour, 24 * time.Hour}

// Add counts one object.
func (h *Held) Add(size int64, written, now time.Time) {
	h.Objects++
	h.Bytes += size
	if h.Oldest.IsZero() || written.Before(h.Oldest) {
		h.Oldest = written
	}
	i := 0
	for i < len(ages) && now.Sub(written) >= ages[i] {
		i++
	}
	h.ByAge[i] += size
}

// Usage is what the store holds.
type Usage struct {
	Held     map[Kind]Held
	Complete bool // false: the scan ended early, and there is at least this much
}

// Scan bounds how much is looked at: a bucket of millions is not read to its
// end for a question.
type Scan struct {
	Objects int
	Time    time.Duration
}

// Usage counts objects by kind, but not those of probes.
func (s *Store) Usage(ctx context.Context, bound Scan) (Usage, error) {
	u := Usage{Held: make(map[Kind]Held)}
	start := s.now()
	seen := 0
	for e, err := range s.driver.List(ctx, "") {
		if err != nil {
			return u, fmt.Errorf("list objects: %w", err)
		}
		if seen >= bound.Objects || s.now().Sub(start) > bound.Time {
			return u, nil
		}
		seen++
		if strings.HasPrefix(e.Key, probesPrefix()) {
			continue
		}
		kind := KindOf(e.Key)
		h := u.Held[kind]
		h.Add(e.Size, e.ModTime, start)
		u.Held[kind] = h
	}
	u.Complete = true
	return u, nil
}

// Space is the room of the disk that a driver keeps its files on.
type Space struct {
	Free    int64 // for us
	Total   int64
	MinFree int64 // below it nothing is taken
}

// spacious is a Driver that fills a disk.
type spacious interface {
	Space() (Space, error)
}

// Space says how much room is left. It is not ok where the driver has no disk
// of its own.
func (s *Store) Space() (space Space, ok bool, err error) {
	d, ok := s.driver.(spacious)
	if !ok {
		return Space{}, false, nil
	}
	space, err = d.Space()
	return space, true, err
}
