package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	problems  *prometheus.CounterVec
	malformed *prometheus.CounterVec
	panics    prometheus.Counter
	reports   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := telemetry.For(reg, "http")
	return metrics{
		requests:  f.Counters("requests", "Requests answered, by route and status.", "method", "route", "status"),
		seconds:   f.SecondsBy("request", "Time from the head of a request to the end of its handler.", []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, "method", "route"),
		problems:  f.Counters("problems", "Problem documents sent, by code.", "code"),
		malformed: f.Counters("malformed", "Requests that could not be read, by code.", "code"),
		panics:    f.Counter("panics", "Handlers that panicked: each is a bug."),
		reports:   f.Counter("client_errors", "Errors reported by the page."),
	}
}
