package upload

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	created, completed, received prometheus.Counter
	refused                      *prometheus.CounterVec
	inspectSeconds               prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	return metrics{
		created:   f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_upload_created_total", Help: "Photos declared."}),
		completed: f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_upload_completed_total", Help: "Photos that became ready."}),
		received:  f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_upload_received_bytes_total", Help: "Bytes of photos received."}),
		refused: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_upload_refused_total", Help: "Photos refused, by code.",
		}, []string{"code"}),
		inspectSeconds: f.NewHistogram(prometheus.HistogramOpts{
			Name: "imgfleet_upload_inspect_seconds", Help: "Time until a worker had judged a photo.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 12),
		}),
	}
}
