package queue

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	submitSeconds prometheus.Histogram
	revisions     *prometheus.CounterVec
	watched       prometheus.Gauge
	dropped       prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := telemetry.For(reg, "queue")
	return metrics{
		submitSeconds: f.Seconds("submit", "Time until a job is durable.", prometheus.ExponentialBuckets(0.0001, 2, 14)),
		revisions:     f.Counters("revisions", "Task revisions written, by event.", "event"),
		watched:       f.Gauge("watched_tasks", "Tasks with at least one open stream on this gateway."),
		dropped:       f.Counter("dropped_streams", "Streams ended because their reader was too slow."),
	}
}
