package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	seconds *prometheus.HistogramVec
	failed  *prometheus.CounterVec
	written prometheus.Counter
	swept   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := telemetry.For(reg, "store")
	return metrics{
		seconds: f.SecondsBy("operation", "Time an object operation took.", prometheus.ExponentialBuckets(0.0001, 4, 9), "operation"),
		failed:  f.Counters("failures", "Object operations that failed, by kind of fault.", "operation", "kind"),
		written: f.Counter("written_bytes", "Bytes of objects written."),
		swept:   f.Counter("swept", "Objects removed past retention."),
	}
}

func (m metrics) observe(operation string, took time.Duration, err error) {
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
	if err != nil {
		m.failed.WithLabelValues(operation, fault.KindOf(err).String()).Inc()
	}
}
