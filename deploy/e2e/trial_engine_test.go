package e2e_test

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// TestTimedUnderLoadAnEngineThatIsAwayIsSaidAndForgiven cuts the line to an external engine
// under load, and then lets it hang without a word. People get refusals that
// say when to come back, open streams stay open, the gateway says what is so,
// and goes on by itself.
func TestTimedUnderLoadAnEngineThatIsAwayIsSaidAndForgiven(t *testing.T) {
	t.Parallel()
	alone(t)
	line := enginetest.OpenLink(t, strings.TrimPrefix(enginetest.OpenPair(t).Host.ClientURL(), "nats://"))
	tr := newTrial(t, trialConfig{gateway: map[string]any{
		"engine": map[string]any{"url": "nats://" + line.Addr(), "token": enginetest.Token, "replicas": 1},
		"store":  map[string]any{"kind": "disk", "shared": true},
	}})
	line.Cut()
	if err := tr.gateway.Start(); err != nil {
		t.Fatal(err)
	}
	tr.becomes(t, "before there is an engine", false, trueWithin)
	says(t, tr.gateway, 0, "engine")
	line.Mend()
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	for _, trouble := range []struct {
		name  string
		begin func()
	}{{"without an engine", line.Cut}, {"with an engine that hangs", line.Deafen}} {
		before, refused := len(logOf(tr.gateway)), c.refusals()
		trouble.begin()
		tr.shows(t, trouble.name+" it is not ready", trueWithin, func(r operator.Readiness) bool { return !r.Ready && !r.Has(operator.CheckEngine) })
		rig.Wait(t.Context(), someTime())
		if c.refusals() == refused {
			t.Errorf("%s nobody was refused", trouble.name)
		}
		line.Mend()
		tr.becomes(t, "after it was "+trouble.name, true, backSoon)
		c.works(t, "after it was "+trouble.name, backSoon)
		says(t, tr.gateway, before, `engine`)
	}
	c.leave(t)
	if c.cuts > 0 {
		t.Errorf("%d open streams ended", c.cuts)
	}
	tr.quiet(t)
}
