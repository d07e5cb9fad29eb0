package queue

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	submitSeconds prometheus.Histogram
	revisions     *prometheus.CounterVec
	watched       prometheus.Gauge
	dropped       prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	return metrics{
		submitSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "imgfleet_queue_submit_seconds", Help: "Time until a job is durable.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 14),
		}),
		revisions: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_queue_revisions_total", Help: "Task revisions written, by event.",
		}, []string{"event"}),
		watched: f.NewGauge(prometheus.GaugeOpts{
			Name: "imgfleet_queue_watched_tasks", Help: "Tasks with at least one open stream on this gateway.",
		}),
		dropped: f.NewCounter(prometheus.CounterOpts{
			Name: "imgfleet_queue_dropped_streams_total", Help: "Streams ended because their reader was too slow.",
		}),
	}
}
