package generate

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	attempts *prometheus.CounterVec
	inspects *prometheus.CounterVec
	running  prometheus.Gauge
	stage    *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		attempts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_generate_attempts_total", Help: "Attempts that ended, by how.",
		}, []string{"provider", "outcome", "class"}),
		inspects: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_generate_inspects_total", Help: "Uploads judged, by the code of their refusal.",
		}, []string{"code"}),
		running: f.NewGauge(prometheus.GaugeOpts{
			Name: "imgfleet_generate_running_attempts", Help: "Attempts that run now.",
		}),
		stage: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imgfleet_generate_stage_seconds", Help: "Time of a stage of an attempt: fetch, label, store.",
			Buckets: []float64{.001, .005, .01, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"stage"}),
	}
}
