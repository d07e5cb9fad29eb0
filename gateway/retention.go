package main

import (
	"context"
	"fmt"

	"github.com/imgfleet/imgfleet/gateway/intake"
)

// keepAsOthers makes this gateway work with the retention that the engine has.
// Another one in its configuration is the alarm engine_differs until an operator
// applies it: two gateways that keep things for different times would answer
// people differently, and the shorter one would take from the longer.
func (g *gateway) keepAsOthers(ctx context.Context) error {
	g.wanted = g.config.Retention
	has, err := g.engine.Age(ctx, intake.FeedbackBucket, g.wanted)
	if err != nil {
		return fmt.Errorf("retention of the engine: %w", err)
	}
	if has <= 0 || has == g.wanted {
		return nil
	}
	c := *g.config
	c.Retention = has
	g.config = &c
	g.log.Warn("retention is what the engine has, not what is configured", "has", has, "configured", g.wanted)
	return nil
}
