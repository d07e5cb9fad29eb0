package generate

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	attempts *prometheus.CounterVec
	inspects *prometheus.CounterVec
	running  prometheus.Gauge
	stage    *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := telemetry.For(reg, "generate")
	return &metrics{
		attempts: f.Counters("attempts", "Attempts that ended, by how.", "provider", "outcome", "class"),
		inspects: f.Counters("inspects", "Uploads judged, by the code of their refusal.", "code"),
		running:  f.Gauge("running_attempts", "Attempts that run now."),
		stage:    f.SecondsBy("stage", "Time of a stage of an attempt: fetch, label, store.", []float64{.001, .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10}, "stage"),
	}
}
