package run

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what runs do.
type Metrics struct {
	tasks, attempts, hedges, recovered, fen *prometheus.CounterVec
	waitSeconds, taskSeconds                prometheus.Histogram
	estimated, byP50, byP90                 prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	count := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_dispatch_" + name + "_total", Help: help})
	}
	counts := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "imgfleet_dispatch_" + name + "_total", Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{
			Name: "imgfleet_dispatch_" + name + "_seconds", Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		})
	}
	return &Metrics{
		tasks:       counts("tasks", "Tasks ended, by state.", "state", "degraded"),
		attempts:    counts("attempts", "Attempts ended, by provider, outcome and class.", "provider", "outcome", "class"),
		hedges:      counts("hedges", "Second calls that were started beside a slow one, by both providers.", "slow", "provider"),
		recovered:   counts("recovered", "Calls whose stream was lost, by how their outcome was found.", "by"),
		fen:         counts("fen", "Money that calls have cost, or may have when the outcome is unknown.", "provider", "outcome"),
		waitSeconds: seconds("wait", "From accept to the first attempt."),
		taskSeconds: seconds("task", "From accept to success."),
		estimated:   count("estimates", "Successes for which a time was estimated at accept."),
		byP50:       count("estimates_by_p50", "Successes no later than the estimated median."),
		byP90:       count("estimates_by_p90", "Successes no later than the estimated 90th percentile."),
	}
}
