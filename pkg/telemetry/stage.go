package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Stage registers the metrics of one stage. Their names are
// imgfleet_<stage>_<what>_<unit>.
type Stage struct {
	factory promauto.Factory
	prefix  string
}

// For begins the metrics of a stage. A nil registry registers nothing.
func For(reg prometheus.Registerer, stage string) Stage {
	return Stage{promauto.With(reg), "imgfleet_" + stage + "_"}
}

// Counter counts; its name ends in _total.
func (s Stage) Counter(name, help string) prometheus.Counter {
	return s.factory.NewCounter(prometheus.CounterOpts{Name: s.prefix + name + "_total", Help: help})
}

// Counters is a Counter for each value of its labels.
func (s Stage) Counters(name, help string, labels ...string) *prometheus.CounterVec {
	return s.factory.NewCounterVec(prometheus.CounterOpts{Name: s.prefix + name + "_total", Help: help}, labels)
}

// Gauge is a number that rises and falls.
func (s Stage) Gauge(name, help string) prometheus.Gauge {
	return s.factory.NewGauge(prometheus.GaugeOpts{Name: s.prefix + name, Help: help})
}

// Gauges is a Gauge for each value of its labels.
func (s Stage) Gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return s.factory.NewGaugeVec(prometheus.GaugeOpts{Name: s.prefix + name, Help: help}, labels)
}

// Seconds is a histogram of times; its name ends in _seconds.
func (s Stage) Seconds(name, help string, buckets []float64) prometheus.Histogram {
	return s.factory.NewHistogram(s.times(name, help, buckets))
}

// SecondsBy is a histogram of times for each value of its labels.
func (s Stage) SecondsBy(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return s.factory.NewHistogramVec(s.times(name, help, buckets), labels)
}

func (s Stage) times(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Name: s.prefix + name + "_seconds", Help: help, Buckets: buckets}
}
