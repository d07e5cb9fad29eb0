package run

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// Metrics count what runs do.
type Metrics struct {
	tasks, attempts, hedges, recovered, fen *prometheus.CounterVec
	waitSeconds, taskSeconds                prometheus.Histogram
	estimated, byP50, byP90                 prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f, seconds := telemetry.For(reg, "dispatch"), prometheus.ExponentialBuckets(0.001, 2, 18)
	return &Metrics{
		tasks:       f.Counters("tasks", "Tasks ended, by state.", "state", "degraded"),
		attempts:    f.Counters("attempts", "Attempts ended, by provider, outcome and class.", "provider", "outcome", "class"),
		hedges:      f.Counters("hedges", "Second calls that were started beside a slow one, by both providers.", "slow", "provider"),
		recovered:   f.Counters("recovered", "Calls whose stream was lost, by how their outcome was found.", "by"),
		fen:         f.Counters("fen", "Money that calls have cost, or may have when the outcome is unknown.", "provider", "outcome"),
		waitSeconds: f.Seconds("wait", "From accept to the first attempt.", seconds),
		taskSeconds: f.Seconds("task", "From accept to success.", seconds),
		estimated:   f.Counter("estimates", "Successes for which a time was estimated at accept."),
		byP50:       f.Counter("estimates_by_p50", "Successes no later than the estimated median."),
		byP90:       f.Counter("estimates_by_p90", "Successes no later than the estimated 90th percentile."),
	}
}
