package engine

import (
	"context"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Page is one key of a Book. It is written as one JSON object: the fields of
// the sums, and "open" beside them.
type Page[T any] struct {
	Sums T
	Open map[string]int64 // ids that are known as repeats, and when each was added, in unix seconds

	revision uint64
}

// openIDs is what a page has beside its sums.
type openIDs struct {
	Open map[string]int64 `json:"open,omitempty"`
}

// ReadPage reads a page of a book. One that was never written is empty.
func ReadPage[T any](ctx context.Context, b *Bucket, key string) (p Page[T], err error) {
	e, err := b.Get(ctx, key)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return p, err
	}
	p, err = ParsePage[T](e.Value)
	p.revision = e.Revision
	return p, err
}

// ParsePage reads the bytes of a page; nil is an empty one.
func ParsePage[T any](data []byte) (p Page[T], err error) {
	var ids openIDs
	if data != nil {
		if err = sonic.Unmarshal(data, &p.Sums); err == nil {
			err = sonic.Unmarshal(data, &ids)
		}
	}
	if p.Open = ids.Open; p.Open == nil {
		p.Open = make(map[string]int64)
	}
	return p, err
}

func (p Page[T]) encode() ([]byte, error) {
	sums, err := sonic.Marshal(p.Sums)
	if err != nil || len(p.Open) == 0 {
		return sums, err
	}
	ids, err := sonic.Marshal(openIDs{p.Open})
	if len(sums) > len("{}") {
		ids[0] = ','
		return append(sums[:len(sums)-1], ids...), err
	}
	return ids, err
}

// Aged reports whether the page has ids that are to leave it.
func (p Page[T]) Aged(now time.Time) bool {
	for _, at := range p.Open {
		if aged(at, now) {
			return true
		}
	}
	return false
}

func aged(at int64, now time.Time) bool { return now.Sub(time.Unix(at, 0)) > bookOpen }
