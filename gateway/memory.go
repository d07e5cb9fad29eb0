package main

import (
	"errors"
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// limitMemory sets the runtime's memory limit to 90 % of the cgroup's, so that
// the collector works harder before the kernel kills the process. GOMEMLIMIT
// wins where the operator sets it. Without a cgroup's limit nothing changes.
//
// Workers do without: their memory is that of the decoders, which are
// processes of their own with a bound each (picture.decoderMemory).
func limitMemory(log *slog.Logger) {
	limit, err := memlimit.Set()
	switch {
	case errors.Is(err, memlimit.ErrNoCgroup), errors.Is(err, memlimit.ErrCgroupsNotSupported):
	case err != nil:
		log.Warn("memory limit of the cgroup not read", "err", err)
	case limit < math.MaxInt64:
		log.Info("memory limited", "bytes", limit)
	}
}
