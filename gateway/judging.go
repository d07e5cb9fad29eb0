package main

import (
	"context"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	storeLook = 500 * time.Millisecond // while a worker judges
	storeBack = 5 * time.Second        // then the person tries again
)

// judging has workers judge photos for as long as the store is there. They read
// the photo from it and write another one, in a line behind others, and would
// wait for a store that hangs as long as for a difficult photo.
type judging struct {
	workers interface {
		Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
	}
	report func(context.Context) readiness.Report
}

// Inspect is the workers' judgement.
func (j judging) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	watching.Go(func() {
		for range tick.After(ctx, storeLook) {
			if ctx.Err() == nil && !j.report(ctx).Has(checkStore) {
				cancel(fault.New(fault.StorageUnavailable).After(storeBack))
			}
		}
	})
	got, err := j.workers.Inspect(ctx, r)
	if cause := context.Cause(ctx); err != nil && fault.CodeOf(cause) == fault.StorageUnavailable {
		err = cause
	}
	return got, err
}
