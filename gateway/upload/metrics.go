package upload

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	created, completed, received prometheus.Counter
	refused                      *prometheus.CounterVec
	inspectSeconds               prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := telemetry.For(reg, "upload")
	return metrics{
		created:        f.Counter("created", "Photos declared."),
		completed:      f.Counter("completed", "Photos that became ready."),
		received:       f.Counter("received_bytes", "Bytes of photos received."),
		refused:        f.Counters("refused", "Photos refused, by code.", "code"),
		inspectSeconds: f.Seconds("inspect", "Time until a worker had inspected a photo.", prometheus.ExponentialBuckets(0.01, 2, 12)),
	}
}
