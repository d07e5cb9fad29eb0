package rig

import (
	"context"

	"github.com/imgfleet/imgfleet/pkg/porttest"
)

// FreePorts gives n loopback addresses where programs can listen, again and
// again after every kill.
func FreePorts(ctx context.Context, n int) ([]string, error) { return porttest.Free(ctx, n) }
