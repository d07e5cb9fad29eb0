package httpapi

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// What a request has open beside its connection.
const (
	reads  = 1 // the object
	writes = 2 // a temporary file, and the object or the connection to where it goes
)

// openFiles bounds the descriptors that requests use for files: many at once
// would take those of the engine.
type openFiles struct {
	most int64 // 0 is no bound
	n    atomic.Int64
}

// take takes descriptors, or says that there are none left. The request gives
// them back; giving back twice counts once.
func (o *openFiles) take(descriptors int64) (giveBack func(), err error) {
	if n := o.n.Add(descriptors); o.most > 0 && n > o.most {
		o.n.Add(-descriptors)
		return nil, fault.New(fault.GatewayFull).After(fullAfter)
	}
	return sync.OnceFunc(func() { o.n.Add(-descriptors) }), nil
}

// openObject opens an object, which counts until it is closed.
func (s *Server) openObject(ctx context.Context, key string) (*store.Object, error) {
	giveBack, err := s.files.take(reads)
	if err != nil {
		return nil, err
	}
	o, err := s.deps.Store.Open(ctx, key)
	if err != nil {
		giveBack()
		return nil, err
	}
	o.ReadSeekCloser = counted{o.ReadSeekCloser, giveBack}
	return o, nil
}

// counted gives descriptors back when it is closed.
type counted struct {
	io.ReadSeekCloser

	giveBack func()
}

func (c counted) Close() error {
	defer c.giveBack()
	return c.ReadSeekCloser.Close()
}
