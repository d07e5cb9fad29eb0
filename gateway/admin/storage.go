package admin

import (
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// Bounds of one count; a larger store is counted in part.
const (
	scanObjects = 200_000
	scanTime    = 15 * time.Second
)

// storage counts what is kept, by kind and age.
func (s *Server) storage(r *http.Request) (any, error) {
	used, err := s.deps.Store.Usage(r.Context(), store.Scan{Objects: scanObjects, Time: scanTime})
	if err != nil {
		return nil, err
	}
	var partial, total store.Held
	now := time.Now()
	if err := s.deps.Partials.Each(func(size int64, at time.Time) { partial.Add(size, at, now) }); err != nil {
		return nil, err
	}
	out := operator.Storage{Complete: used.Complete, Kinds: []operator.Stored{stored("partial", partial)}}
	total = sum(total, partial)
	for _, kind := range store.Kinds() {
		held := used.Held[kind]
		if kind == store.Other && held.Objects == 0 {
			continue
		}
		out.Kinds = append(out.Kinds, stored(string(kind), held))
		total = sum(total, held)
	}
	out.Total = stored("total", total)
	space, ok, err := s.deps.Store.Space()
	if ok {
		out.Disk = &operator.Disk{FreeBytes: space.Free, TotalBytes: space.Total, MinFreeBytes: space.MinFree}
	}
	return out, err
}

func sum(a, b store.Held) store.Held {
	a.Objects += b.Objects
	a.Bytes += b.Bytes
	if a.Oldest.IsZero() || (!b.Oldest.IsZero() && b.Oldest.Before(a.Oldest)) {
		a.Oldest = b.Oldest
	}
	for i := range a.ByAge {
		a.ByAge[i] += b.ByAge[i]
	}
	return a
}

func stored(kind string, h store.Held) operator.Stored {
	return operator.Stored{
		Kind: kind, Objects: h.Objects, Bytes: h.Bytes, Oldest: h.Oldest,
		ByAge: operator.ByAge{Hour: h.ByAge[0], Six: h.ByAge[1], Day: h.ByAge[2], Older: h.ByAge[3]},
	}
}
