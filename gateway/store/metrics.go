package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

type metrics struct {
	seconds *prometheus.HistogramVec
	failed  *prometheus.CounterVec
	written prometheus.Counter
	swept   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	return metrics{
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imgfleet_store_operation_seconds", Help: "Time an object operation took.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"operation"}),
		failed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_store_failures_total", Help: "Object operations that failed, by kind of fault.",
		}, []string{"operation", "kind"}),
		written: f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_store_written_bytes_total", Help: "Bytes of objects written."}),
		swept:   f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_store_swept_total", Help: "Objects removed past retention."}),
	}
}

func (m metrics) observe(operation string, took time.Duration, err error) {
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	if err != nil {
		m.failed.WithLabelValues(operation, fault.KindOf(err).String()).Inc()
	}
}
