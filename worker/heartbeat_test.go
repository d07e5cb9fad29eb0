package main

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// A worker that cannot register says why in words, when that changes, and never
// the same twice in ten seconds.
func TestAWorkerSaysWhyNobodyTakesItsHeartbeats(t *testing.T) {
	t.Parallel()
	unreachable := fault.Wrap(fault.WorkerUnreachable, errors.New("remote or network error: get connection error: dial tcp 127.0.0.1:1: connect: connection refused"))
	refused, waiting := fault.New(fault.FleetTokenInvalid), fault.New(fault.EngineUnavailable)
	synctest.Test(t, func(t *testing.T) {
		said := news{worth: telemetry.SeldomOf{Every: heartbeatSaid}}
		for i, step := range []struct {
			err   error
			after time.Duration
			fresh bool
		}{
			{nil, 0, false}, {unreachable, time.Second, true}, {unreachable, time.Second, false}, {refused, time.Second, true},
			{unreachable, time.Second, false}, {refused, time.Second, false}, {waiting, time.Second, true}, {nil, time.Second, true}, {nil, time.Second, false},
			{refused, 10 * time.Second, true}, {refused, time.Minute, false},
		} {
			time.Sleep(step.after) //nolint:forbidigo // no time passes in a bubble
			if got := said.fresh(step.err); got != step.fresh {
				t.Errorf("step %d, %v: %t", i, step.err, got)
			}
		}
	})
	for err, want := range map[error]string{
		unreachable: "it cannot be reached: dial tcp 127.0.0.1:1: connect: connection refused",
		refused:     "it refuses our fleet.token",
		waiting:     "it waits for its engine",
	} {
		if got := reason(err); got != want || strings.Contains(got, "worker_unreachable") {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
