package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/readiness"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// slowJudge judges for a while, or until it is told to end.
type slowJudge time.Duration

func (s slowJudge) Inspect(ctx context.Context, _ workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	select {
	case <-time.After(time.Duration(s)):
		return workerrpc.Inspected{Width: 1}, nil
	case <-ctx.Done():
		return workerrpc.Inspected{}, fault.Wrap(fault.DeadlineExceeded, ctx.Err())
	}
}

func TestNobodyWaitsForAJudgementWithoutAStore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store func(since time.Duration) bool
		code  fault.Code
		took  time.Duration
	}{
		"a store that is there":      {func(time.Duration) bool { return true }, "", 20 * time.Second},
		"a store that is lost":       {func(d time.Duration) bool { return d < 10*time.Second }, fault.StorageUnavailable, 10 * time.Second},
		"a store that is never back": {func(time.Duration) bool { return false }, fault.StorageUnavailable, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				j := judging{slowJudge(20 * time.Second), func(context.Context) readiness.Report {
					return readiness.Report{Checks: []readiness.Result{{Name: checkStore, OK: c.store(time.Since(began))}}}
				}}
				_, err := j.Inspect(t.Context(), workerrpc.InspectRequest{})
				if took := time.Since(began); fault.CodeOf(err) != c.code || took != c.took {
					t.Errorf("after %v: %v; want %q after %v", took, err, c.code, c.took)
				}
			})
		})
	}
}
